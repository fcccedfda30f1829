/*
 * page: the live page. It reads what anybody may read, tells every browser that looks, and starts
 * the commands that `make` has. It is no part of the path of an order: without it nothing changes.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>

#include "common/base/config.h"
#include "common/runtime/log.h"
#include "common/runtime/process.h"
#include "common/service/probe.h"
#include "tools/page/web.h"

#define ARENAS      2
#define TOKEN_BYTES 16

struct config {
	struct service_config service; /* HTTP_HOST and HTTP_PORT, for probe_main */
	const char *names, *kafka_servers, *kafka_topic, *kafka_conf, *database_url;
	const char *order_urls, *delivery_urls, *project, *token;
	int read_only, commands;
	struct http_caller
		caller; /* of the feed; calls for a viewer take it from the environment */
};

#define TEXT(name, member, fallback, help)                                                         \
	{                                                                                          \
		name, CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, member), fallback, 0, 0, \
			NULL, help                                                                 \
	}

static const char *const off_on[] = { "off", "on", NULL };
static const char *const commands[] = { "make", "compose", "kubectl", "docker", NULL };

static const struct config_key keys[] = {
	TEXT("HTTP_HOST", service.http_host, "127.0.0.1", "address to listen on"),
	{ "HTTP_PORT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, service.http_port),
	  "8080", 0, 65535, NULL, "port to listen on; 0: any free one" },
	TEXT("HTTP_TLS_CERT", service.http_tls_cert, "",
	     "PEM file of the page's certificate, and those up to its authority: HTTPS and "
	     "nothing else (empty: HTTP)"),
	TEXT("HTTP_TLS_KEY", service.http_tls_key, "", "PEM file of its key"),
	TEXT("HTTP_NAMES", names, "",
	     "further names by which a browser may call the page, comma separated"),
	TEXT("KAFKA_BOOTSTRAP_SERVERS", kafka_servers, "127.0.0.1:9092",
	     "Kafka brokers, host:port, comma separated"),
	TEXT("KAFKA_TOPIC", kafka_topic, "kafka.scaling", "topic that carries the events"),
	{ "KAFKA_CONF", CONFIG_TEXT, CONFIG_SECRET_PAIRS, offsetof(struct config, kafka_conf), "",
	  0, 0, NULL, "librdkafka properties, name=value;name=value (TLS, SASL, tuning)" },
	{ "DATABASE_URL", CONFIG_TEXT, CONFIG_SECRET_URL, offsetof(struct config, database_url),
	  "postgresql://lab@127.0.0.1:15432/lab", 0, 0, NULL,
	  "PostgreSQL, as a role that may read" },
	TEXT("ORDER_URLS", order_urls, "http://127.0.0.1:8081,http://127.0.0.1:8181-8184",
	     "order-services that there may be; a range of ports stands for one each"),
	TEXT("DELIVERY_URLS", delivery_urls, "http://127.0.0.1:8082-8089",
	     "delivery-services that there may be"),
	TEXT("PROJECT", project, "",
	     "folder of the project, whose scripts are behind the switches; empty: they only show "
	     "the command"),
	{ "READ_ONLY", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, read_only), "off", 0,
	  0, off_on, "on: the page only shows, whoever asks" },
	{ "COMMANDS", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, commands), "make", 0, 0,
	  commands, "whose commands the page shows for a switch" },
	{ "TOKEN", CONFIG_TEXT, CONFIG_SECRET_PAIRS, offsetof(struct config, token), "", 0, 0, NULL,
	  "what an action has to present; empty: a random one" },
	{ 0 },
};

static size_t check(const void *settings, struct strbuf *problems)
{
	const struct service_config *service = &((const struct config *)settings)->service;

	if (!service->http_tls_cert[0] == !service->http_tls_key[0])
		return 0;
	strbuf_puts(problems, "HTTP_TLS_CERT, HTTP_TLS_KEY: both or neither\n");
	return 1;
}

static const struct config_program program = {
	.name = "page",
	.summary = "shows the lab in a browser, as it happens",
	.tables =
		(const struct config_table[]){ { .keys = keys, .check = check },
					       { http_caller_keys, offsetof(struct config, caller),
						 "Calls to the services", http_caller_check },
					       { 0 } },
	.flags = PROBE_FLAGS,
	.manner = "Serves the page and prints its address.\n" PROBE_MANNER,
	.exit_status = PROBE_EXIT_STATUS,
};

/* 32 hexadecimal digits that nobody can guess. */
static bool make_token(char token[2 * TOKEN_BYTES + 1])
{
	unsigned char bytes[TOKEN_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static void on_signal(evutil_socket_t number, short what, void *base)
{
	(void)what;
	log_info("page", "stopping", "signal=%d", (int)number);
	(void)event_base_loopbreak(base);
}

static void print_address(const struct config *config, const struct web *web, const char *token)
{
	bool shown = config->token[0] || config->read_only; /* there is no new token to show */

	(void)printf("http%s://%s:%d/%s%s\n", config->service.http_tls_cert[0] ? "s" : "",
		     config->service.http_host, web_port(web),
		     shown ? "" : "#token=", shown ? "" : token);
	(void)fflush(stdout);
}

static enum status serve(const struct config *config, struct event_base *base, struct page *page,
			 const char *token, struct error *err)
{
	const struct web_config web_config = { .host = config->service.http_host,
					       .port = config->service.http_port,
					       .names = config->names,
					       .certificate = config->service.http_tls_cert,
					       .key = config->service.http_tls_key,
					       .token = config->read_only ? NULL : token };
	struct event *term = evsignal_new(base, SIGTERM, on_signal, base);
	struct event *interrupt = evsignal_new(base, SIGINT, on_signal, base);
	struct web *web = NULL;

	(void)event_add(term, NULL);
	(void)event_add(interrupt, NULL);
	if (web_open(&web, &web_config, page, base, err) == ST_OK) {
		print_address(config, web, token);
		(void)event_base_dispatch(base);
		web_close(web);
	}
	event_free(term);
	event_free(interrupt);
	return err->status;
}

static enum status run(const struct config *config, struct error *err)
{
	const struct page_config page_config = {
		.kafka = { .bootstrap_servers = config->kafka_servers,
			   .topic = config->kafka_topic,
			   .extra = config->kafka_conf,
			   .client_id = "page" },
		.database_url = config->database_url,
		.services = { config->order_urls, config->delivery_urls, config->caller },
		.project = config->project[0] && !config->read_only ? config->project : NULL,
		.read_only = config->read_only,
		.commands = commands[config->commands],
	};
	char token[2 * TOKEN_BYTES + 1];
	struct event_base *base = event_base_new();
	struct page *page = NULL;

	if (!base || !make_token(token))
		return error_set(err, ST_INTERNAL, "no event loop, or no random bytes");
	if (page_open(&page, &page_config, base, err) == ST_OK) {
		(void)serve(config, base, page, config->token[0] ? config->token : token, err);
		page_close(page);
	}
	event_base_free(base);
	return err->status;
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct error err = { 0 };
	int done;

	(void)mallopt(M_ARENA_MAX, ARENAS); /* else each thread keeps what it once needed */
	process_prepare();
	done = probe_main(&program, argc, argv, &config, &config.service);
	if (done >= 0)
		return done;
	(void)signal(SIGPIPE, SIG_IGN); /* EPIPE is returned then. ALLOWED: ignores, no handler */
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	if (run(&config, &err) == ST_OK)
		return 0;
	log_error("page", "failed", "error=%s", LOG_QUOTE(err.msg));
	return err.status == ST_INVALID ? 2 : 1;
}
