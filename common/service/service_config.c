#include "common/service/service_config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/event/contract.h"
#include "common/http/http_access.h"

const char *const service_config_log_levels[] = { "error", "warn", "info", "debug", NULL };
const char *const service_config_dispatch_names[] = { "kafka", "http", NULL };

static const char *const relay_manners[] = { "idempotent", "transactional", NULL };

#define AT(member) offsetof(struct service_config, member)

const struct config_key service_config_keys[] = {
	{ "KAFKA_BOOTSTRAP_SERVERS", CONFIG_TEXT, CONFIG_PUBLIC, AT(kafka_bootstrap_servers),
	  "127.0.0.1:9092", 0, 0, NULL, "Kafka brokers, host:port, comma separated" },
	{ "KAFKA_TOPIC", CONFIG_TEXT, CONFIG_PUBLIC, AT(kafka_topic), "kafka.scaling", 0, 0, NULL,
	  "topic that carries the events" },
	{ "KAFKA_CONF", CONFIG_TEXT, CONFIG_SECRET_PAIRS, AT(kafka_conf), "", 0, 0, NULL,
	  "librdkafka properties, name=value;name=value (TLS, SASL, tuning)" },
	{ "DATABASE_URL", CONFIG_TEXT, CONFIG_SECRET_URL, AT(database_url), "", 0, 0, NULL,
	  "PostgreSQL; the password is better kept in PGPASSFILE" },
	{ "HTTP_HOST", CONFIG_TEXT, CONFIG_PUBLIC, AT(http_host), "127.0.0.1", 0, 0, NULL,
	  "address to listen on" },
	{ "HTTP_PORT", CONFIG_INT, CONFIG_PUBLIC, AT(http_port), "", 0, 65535, NULL,
	  "port to listen on; 0: any free one (see the log)" },
	{ "HTTP_THREADS", CONFIG_INT, CONFIG_PUBLIC, AT(http_threads), "", 1, 10000, NULL,
	  "threads for requests that wait for the database or do work" },
	{ "HTTP_CONNECTIONS", CONFIG_INT, CONFIG_PUBLIC, AT(http_connections), "10000", 1, 1000000,
	  NULL, "connections open at the same time, as far as the limit of open files allows" },
	{ "HTTP_REQUEST_TIMEOUT_MS", CONFIG_INT, CONFIG_PUBLIC, AT(http_request_timeout_ms),
	  "10000", 10, 3600000, NULL,
	  "how long a client may take to send a request, or to take an "
	  "answer" },
	{ "HTTP_ALLOWED_HOSTS", CONFIG_TEXT, CONFIG_PUBLIC, AT(http_allowed_hosts), "", 0, 0, NULL,
	  "names that requests may ask for, comma separated, or *; empty: on a loopback address "
	  "only loopback's, else any" },
	{ "HTTP_ALLOWED_ORIGINS", CONFIG_TEXT, CONFIG_PUBLIC, AT(http_allowed_origins), "", 0, 0,
	  NULL,
	  "other origins whose pages may call, such as https://shop.example, comma separated, "
	  "or *" },
	{ "HTTP_TLS_CERT", CONFIG_TEXT, CONFIG_PUBLIC, AT(http_tls_cert), "", 0, 0, NULL,
	  "PEM file of the server's certificate, and those up to its authority: HTTPS and nothing "
	  "else (empty: HTTP)" },
	{ "HTTP_TLS_KEY", CONFIG_TEXT, CONFIG_PUBLIC, AT(http_tls_key), "", 0, 0, NULL,
	  "PEM file of its key" },
	{ "HTTP_CLIENT_CA", CONFIG_TEXT, CONFIG_PUBLIC, AT(http_client_ca), "", 0, 0, NULL,
	  "PEM file of the authorities of clients' certificates (empty: clients are asked for "
	  "none)" },
	{ "HTTP_IDENTITIES", CONFIG_TEXT, CONFIG_PUBLIC, AT(http_identities), "", 0, 0, NULL,
	  "file of who may call, and what (empty: with HTTP_CLIENT_CA who has a certificate, "
	  "else everybody)" },
	{ "INSECURE", CONFIG_INT, CONFIG_PUBLIC, AT(insecure), "0", 0, 1, NULL,
	  "1: may listen beyond loopback without HTTP_CLIENT_CA and HTTP_IDENTITIES, or without "
	  "TLS" },
	{ "LOG_LEVEL", CONFIG_CHOICE, CONFIG_PUBLIC, AT(log_level), "info", 0, 0,
	  service_config_log_levels, "what is logged to stderr" },
	{ "STOP_TIMEOUT_MS", CONFIG_INT, CONFIG_PUBLIC, AT(stop_timeout_ms), "12000", 1, 3600000,
	  NULL, "how long a stop may take; then the process ends as it is" },
	{ "REPLICA", CONFIG_TEXT, CONFIG_PUBLIC, AT(replica), "", 0, 0, NULL,
	  "this process's name in logs, lease and history (empty: service and port; "
	  "%h: the machine's name)" },
	{ "DISPATCH", CONFIG_CHOICE, CONFIG_PUBLIC, AT(dispatch), "kafka", 0, 0,
	  service_config_dispatch_names,
	  "how orders reach delivery-service; http: the lab's bad example" },
	{ "SYNC_POOL", CONFIG_INT, CONFIG_PUBLIC, AT(sync_pool), "0", 0, 1000, NULL,
	  "for DISPATCH=http: connections to PostgreSQL that requests share; 0: each opens its "
	  "own" },
	{ "SYNC_POOL_WAIT_MS", CONFIG_INT, CONFIG_PUBLIC, AT(sync_pool_wait_ms), "30000", 1,
	  3600000, NULL, "how long a request waits for one of them; then it is refused" },
	{ "RELAY", CONFIG_CHOICE, CONFIG_PUBLIC, AT(relay), "idempotent", 0, 0, relay_manners,
	  "transactional: who reads committed sees each event once, whatever ends the relay" },
	{ "RELAY_STATE_TOPIC", CONFIG_TEXT, CONFIG_PUBLIC, AT(relay_state_topic), "", 0, 0, NULL,
	  "for RELAY=transactional: the compacted topic that says what is committed" },
	{ "RELAY_TRANSACTIONAL_ID", CONFIG_TEXT, CONFIG_PUBLIC, AT(relay_transactional_id), "", 0,
	  0, NULL,
	  "for RELAY=transactional: another one for each outbox (empty: outbox.<schema>.<topic>)" },
	{ "OTEL_EXPORTER_OTLP_ENDPOINT", CONFIG_TEXT, CONFIG_SECRET_URL, AT(otlp_endpoint), "", 0,
	  0, NULL,
	  "OpenTelemetry collector that spans are sent to, such as http://127.0.0.1:4318 (empty: "
	  "none are made)" },
	{ "OTEL_EXPORTER_OTLP_HEADERS", CONFIG_TEXT, CONFIG_SECRET_PAIRS, AT(otlp_headers), "", 0,
	  0, NULL, "headers of the requests to it, name=value,name=value" },
	{ "OTEL_EXPORTER_OTLP_TIMEOUT", CONFIG_INT, CONFIG_PUBLIC, AT(otlp_timeout_ms), "10000", 1,
	  3600000, NULL, "how long it may take to answer one, in milliseconds" },
	{ "OTEL_SERVICE_NAME", CONFIG_TEXT, CONFIG_PUBLIC, AT(otlp_service), "", 0, 0, NULL,
	  "service.name of the spans (empty: the service's name)" },
	{ "OTEL_TRACES_SAMPLER", CONFIG_CHOICE, CONFIG_PUBLIC, AT(otlp_sampling),
	  "parentbased_always_on", 0, 0, otlp_sampler_names,
	  "which traces have spans; parentbased: as the caller's, if there is one" },
	{ "OTEL_TRACES_SAMPLER_ARG", CONFIG_TEXT, CONFIG_PUBLIC, AT(otlp_ratio), "1", 0, 0, NULL,
	  "for a sampler with traceidratio: their part of all, from 0 to 1" },
	{ 0 },
};

/* Dead letters on the topic of the events would be read as events, and become dead letters. */
static const char *topic_fault(const struct service_config *config)
{
	return strcmp(config->kafka_topic, CONTRACT_DEAD_LETTER_TOPIC) != 0
		       ? NULL
		       : "KAFKA_TOPIC=" CONTRACT_DEAD_LETTER_TOPIC
			 ": must be another topic than that of the dead letters";
}

/* NULL: the settings go together. */
static const char *tls_fault(const struct service_config *config)
{
	const bool certificate = config->http_tls_cert[0], key = config->http_tls_key[0];

	if (certificate != key)
		return "HTTP_TLS_CERT, HTTP_TLS_KEY: both or neither";
	if (config->http_client_ca[0] && !certificate)
		return "HTTP_CLIENT_CA: needs HTTP_TLS_CERT and HTTP_TLS_KEY, since only TLS has "
		       "client certificates";
	return NULL;
}

/* What anybody could call, or overhear. NULL: nobody, or it is meant. */
static const char *openness(const struct service_config *config)
{
	if (config->insecure || http_access_loopback(config->http_host))
		return NULL;
	if (!config->http_client_ca[0] && !config->http_identities[0])
		return "HTTP_HOST: beyond loopback set HTTP_IDENTITIES or HTTP_CLIENT_CA, so that "
		       "callers say who they are, or INSECURE=1 to let anybody call";
	if (!config->http_tls_cert[0])
		return "HTTP_IDENTITIES: beyond loopback set HTTP_TLS_CERT and HTTP_TLS_KEY, so "
		       "that tokens are not overheard, or INSECURE=1 to let them be";
	return NULL;
}

size_t service_config_check(const void *settings, struct strbuf *problems)
{
	const char *const faults[] = { topic_fault(settings), tls_fault(settings),
				       openness(settings) };
	size_t count = 0;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (!faults[i])
			continue;
		strbuf_printf(problems, "%s\n", faults[i]);
		count++;
	}
	return count;
}

struct kafka_settings service_config_kafka(const struct service_config *config,
					   const char *client_id)
{
	return (struct kafka_settings){ .bootstrap_servers = config->kafka_bootstrap_servers,
					.topic = config->kafka_topic,
					.extra = config->kafka_conf,
					.client_id = client_id };
}

struct kafka_settings service_config_relay(const struct service_config *config,
					   const char *client_id, const char **state_topic)
{
	struct kafka_settings kafka = service_config_kafka(config, client_id);

	kafka.transactional_id = config->relay_transactional_id;
	*state_topic = config->relay == RELAY_TRANSACTIONAL ? config->relay_state_topic : NULL;
	return kafka;
}

struct http_security_config service_config_security(const struct service_config *config)
{
	return (struct http_security_config){ .certificate = config->http_tls_cert,
					      .key = config->http_tls_key,
					      .client_ca = config->http_client_ca,
					      .identities = config->http_identities };
}

struct http_server_config service_config_http(const struct service_config *config,
					      struct progress *progress)
{
	return (struct http_server_config){ .host = config->http_host,
					    .port = config->http_port,
					    .threads = config->http_threads,
					    .connections_max = config->http_connections,
					    .request_timeout_ms = config->http_request_timeout_ms,
					    .allowed_hosts = config->http_allowed_hosts,
					    .allowed_origins = config->http_allowed_origins,
					    .security = service_config_security(config),
					    .progress = progress };
}

struct otlp_config service_config_otlp(const struct service_config *config, const char *service,
				       const char *replica)
{
	return (struct otlp_config){ .endpoint = config->otlp_endpoint,
				     .headers = config->otlp_headers,
				     .timeout_ms = config->otlp_timeout_ms,
				     .sampling = (enum otlp_sampling)config->otlp_sampling,
				     .ratio = config->otlp_ratio,
				     .service = config->otlp_service[0] ? config->otlp_service
									: service,
				     .replica = replica };
}

void service_config_replica(const struct service_config *config, const char *service,
			    char name[REPLICA_NAME_MAX])
{
	const char *place = strstr(config->replica, "%h");
	char host[REPLICA_NAME_MAX] = "";

	if (!config->replica[0]) {
		(void)snprintf(name, REPLICA_NAME_MAX, "%s-%" PRId64, service, config->http_port);
		return;
	}
	if (!place) {
		(void)snprintf(name, REPLICA_NAME_MAX, "%s", config->replica);
		return;
	}
	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(name, REPLICA_NAME_MAX, "%.*s%s%s", (int)(place - config->replica),
		       config->replica, host, place + 2);
}
