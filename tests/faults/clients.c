/*
 * The load of the fault runner: CLIENTS clients, RATE operations per second in all, until SIGTERM.
 * A status line per second, a line for each violation, and at the end, when the last operation is
 * acknowledged, the counts ("result ..."). Exit status: 0; 1 a violation, or it could not run;
 * 2 bad settings.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "common/base/config.h"
#include "common/base/parse.h"
#include "common/runtime/clock.h"
#include "common/runtime/stop.h"
#include "tests/faults/client.h"

#define CLIENTS_MAX   64
#define CATCH_UP_MS   2000 /* of a pause, as much is made up for */
#define PORTS_EXAMPLE "8081,8181"

struct config {
	int64_t seed, clients, rate;
	const char *acks, *ports;
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
};

static const struct config_program program = {
	.name = "fault-clients",
	.summary = "clients of order-service that know what every answer must be",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
};

struct load {
	const struct config *config;
	int ports[CALLER_SERVERS_MAX];
	size_t port_count;
	struct tally *tally;
	atomic_bool stop;
	struct client *clients[CLIENTS_MAX];
	pthread_t threads[CLIENTS_MAX];
	size_t client_count, thread_count;
};

/* What a thread gets. */
struct duty {
	struct load *load;
	struct client *client;
};

static enum status read_ports(struct load *load, const char *text, struct error *err)
{
	int64_t port = 0;

	while (load->port_count < CALLER_SERVERS_MAX) {
		size_t len = strcspn(text, ",");

		if (!parse_i64(text, len, 1, 65535, &port))
			break;
		load->ports[load->port_count++] = (int)port;
		if (text[len] == '\0')
			return ST_OK;
		text += len + 1;
	}
	return error_set(err, ST_INVALID, "ORDER_PORTS must be 1 to %d ports such as %s",
			 CALLER_SERVERS_MAX, PORTS_EXAMPLE);
}

/* A client at work, at its share of the rate. */
static void *client_main(void *arg)
{
	struct duty duty = *(struct duty *)arg;
	struct load *load = duty.load;
	int64_t interval_us = 1000000 * load->config->clients / load->config->rate;
	int64_t due_us = clock_mono_us(), now_us;

	while (!atomic_load(&load->stop)) {
		client_step(duty.client);
		due_us += interval_us;
		now_us = clock_mono_us();
		if (due_us > now_us)
			clock_pause_ms((due_us - now_us) / 1000);
		else if (due_us < now_us - CATCH_UP_MS * 1000)
			due_us = now_us - CATCH_UP_MS * 1000;
	}
	return NULL;
}

static enum status load_open(struct load *load, struct error *err)
{
	struct client_config client = { .seed = (uint64_t)load->config->seed,
					.ports = load->ports,
					.stop = &load->stop };

	if (read_ports(load, load->config->ports, err) != ST_OK ||
	    tally_open(&load->tally, load->config->acks, err) != ST_OK)
		return err->status;
	client.port_count = load->port_count;
	client.tally = load->tally;
	for (; client.number < load->config->clients; client.number++) {
		if (client_open(&load->clients[load->client_count], &client, err) != ST_OK)
			return err->status;
		load->client_count++;
	}
	return ST_OK;
}

static void load_close(struct load *load)
{
	for (size_t i = 0; i < load->client_count; i++)
		client_close(load->clients[i]);
	tally_close(load->tally);
}

static void print_counts(const char *what, struct load *load)
{
	struct tally_counts c = tally_counts(load->tally);

	printf("%s acknowledged=%" PRId64 " reads=%" PRId64 " unanswered=%" PRId64
	       " refused=%" PRId64 " retries=%" PRId64 " longest_pause_ms=%" PRId64
	       " violations=%" PRId64 "\n",
	       what, c.acknowledged, c.reads, c.unanswered, c.refused, c.retries,
	       c.longest_pause_ms, c.violations);
	(void)fflush(stdout);
}

/* A status line per second, until SIGTERM or SIGINT. */
static void watch(struct load *load)
{
	const struct timespec second = { .tv_sec = 1 };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	while (sigtimedwait(&set, NULL, &second) < 0)
		print_counts("status", load);
}

static enum status run(struct load *load, struct error *err)
{
	struct duty duties[CLIENTS_MAX];
	enum status st = ST_OK;

	for (size_t i = 0; i < load->client_count && st == ST_OK; i++) {
		duties[i] = (struct duty){ load, load->clients[i] };
		if (pthread_create(&load->threads[i], NULL, client_main, &duties[i]) == 0)
			load->thread_count++;
		else
			st = error_set(err, ST_INTERNAL, "cannot start a client's thread");
	}
	if (st == ST_OK)
		watch(load);
	atomic_store(&load->stop, true);
	for (size_t i = 0; i < load->thread_count; i++)
		(void)pthread_join(load->threads[i], NULL);
	return st;
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct load load = { .config = &config };
	int done = config_main(&program, argc, argv, &config), exit_status = 0;
	struct error err;

	if (done >= 0)
		return done;
	/* The runner may be killed: nobody would stop the load then. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	stop_block_signals();
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	if (load_open(&load, &err) != ST_OK || run(&load, &err) != ST_OK) {
		(void)fprintf(stderr, "fault-clients: %s\n", err.msg);
		exit_status = err.status == ST_INVALID ? 2 : 1;
	} else {
		print_counts("result", &load);
		exit_status = tally_counts(load.tally).violations > 0;
	}
	load_close(&load);
	curl_global_cleanup();
	return exit_status;
}
