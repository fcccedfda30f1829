/*
 * order-clients: load on order-service by clients that know what every answer must be. CLIENTS
 * clients, RATE operations per second in all, until SIGTERM. A status line per second, a line for
 * each violation, and at the end, when the last operation is acknowledged, the counts
 * ("result ...").
 */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "common/base/config.h"
#include "common/base/parse.h"
#include "common/runtime/process.h"
#include "common/runtime/stop.h"
#include "common/service/http_caller.h"
#include "tools/order-clients/clients.h"

#define PORTS_EXAMPLE "8081,8181"

struct config {
	int64_t seed, clients, rate;
	const char *acks, *ports;
	struct http_caller caller; /* to be checked: the callers take it from the environment */
};

static const struct config_key keys[] = {
	{ "SEED", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, seed), "1", 0, INT32_MAX, NULL,
	  "the same seed gives the same operations" },
	{ "CLIENTS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, clients), "8", 1,
	  CLIENTS_MAX, NULL, "clients, with one operation at a time each" },
	{ "RATE", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, rate), "100", 1, 100000, NULL,
	  "operations per second, of all clients together" },
	{ "ACKS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, acks), "acks.txt", 0, 0, NULL,
	  "file to which acknowledged operations are appended" },
	{ "ORDER_PORTS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, ports), PORTS_EXAMPLE,
	  0, 0, NULL, "ports of the order-services on 127.0.0.1, comma separated" },
	{ 0 },
};

static const struct config_program program = {
	.name = "order-clients",
	.summary = "clients of order-service that know what every answer must be",
	.tables =
		(const struct config_table[]){ { .keys = keys },
					       { http_caller_keys, offsetof(struct config, caller),
						 "Calls to the services", http_caller_check },
					       { 0 } },
	.exit_status = "0 every answer was as it must be, 1 not so, or it could not run, "
		       "2 bad settings.",
};

static enum status read_ports(const char *text, int *ports, size_t *count, struct error *err)
{
	int64_t port = 0;

	for (*count = 0; *count < CALLER_SERVERS_MAX;) {
		size_t len = strcspn(text, ",");

		if (!parse_i64(text, len, 1, 65535, &port))
			break;
		ports[(*count)++] = (int)port;
		if (text[len] == '\0')
			return ST_OK;
		text += len + 1;
	}
	return error_set(err, ST_INVALID, "ORDER_PORTS must be 1 to %d ports such as %s",
			 CALLER_SERVERS_MAX, PORTS_EXAMPLE);
}

/* A status line per second, until SIGTERM or SIGINT. */
static void watch(struct clients *clients)
{
	while (stop_wait(1000) == 0)
		clients_print_counts(clients, "status", stdout);
}

static enum status run(const struct config *config, bool *good, struct error *err)
{
	int ports[CALLER_SERVERS_MAX];
	struct clients_config wanted = { .seed = config->seed,
					 .count = config->clients,
					 .rate = config->rate,
					 .ports = ports,
					 .acks = config->acks,
					 .log = stdout };
	struct clients *clients = NULL;

	if (read_ports(config->ports, ports, &wanted.port_count, err) != ST_OK ||
	    clients_open(&clients, &wanted, err) != ST_OK)
		return err->status;
	if (clients_start(clients, err) == ST_OK) {
		watch(clients);
		clients_stop(clients, CLIENT_FINISH);
		clients_print_counts(clients, "result", stdout);
		*good = clients_counts(clients).violations == 0;
	}
	clients_close(clients);
	return err->status;
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	int done;
	struct error err = { 0 };
	bool good = false;

	process_prepare();
	done = config_main(&program, argc, argv, &config);
	if (done >= 0)
		return done;
	/* Who started it may be killed: nobody would stop the load then. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	stop_block_signals();
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	if (run(&config, &good, &err) != ST_OK)
		(void)fprintf(stderr, "order-clients: %s\n", err.msg);
	curl_global_cleanup();
	return err.status == ST_INVALID ? 2 : !good;
}
