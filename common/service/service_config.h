/*
 * The settings that both services have.
 *
 * Threads: start-up only.
 */
#ifndef COMMON_SERVICE_SERVICE_CONFIG_H
#define COMMON_SERVICE_SERVICE_CONFIG_H

#include <stddef.h>

#include "common/base/config.h"
#include "common/http/http_server.h"
#include "common/kafka/kafka_settings.h"
#include "common/otlp/otlp.h"
#include "common/service/http_caller.h"

struct service_config {
	const char *kafka_bootstrap_servers;
	const char *kafka_topic;
	const char *kafka_conf;
	const char *database_url;
	const char *http_host;
	int64_t http_port;
	int64_t http_threads;
	int64_t http_connections;
	int64_t http_request_timeout_ms;
	const char *http_allowed_hosts;
	const char *http_allowed_origins;
	const char *http_tls_cert, *http_tls_key, *http_client_ca, *http_identities;
	int64_t insecure;
	struct http_caller caller; /* of this service's own calls */
	int log_level;
	int64_t stop_timeout_ms;
	const char *replica;                  /* empty: made from the service's name and port */
	int dispatch;                         /* enum dispatch */
	int64_t sync_pool, sync_pool_wait_ms; /* see request_sessions.h */
	int relay;                            /* enum relay_manner */
	const char *relay_state_topic;
	const char *relay_transactional_id; /* empty: made from schema and topic */
	const char *otlp_endpoint;          /* empty: no spans are exported */
	const char *otlp_headers;
	int64_t otlp_timeout_ms;
	const char *otlp_service; /* empty: the program's name */
	int otlp_sampling;        /* enum otlp_sampling */
	const char *otlp_ratio;
};

/* The schemas of the services in the database. */
#define SERVICE_SCHEMA_ORDERS   "orders"
#define SERVICE_SCHEMA_DELIVERY "delivery"

/* How what happens to orders reaches delivery-service. */
enum dispatch { DISPATCH_KAFKA, DISPATCH_HTTP };
extern const char *const service_config_dispatch_names[]; /* indexed by enum dispatch */

/* What the relay does that an event is on the topic once. */
enum relay_manner { RELAY_IDEMPOTENT, RELAY_TRANSACTIONAL };

extern const char *const service_config_log_levels[]; /* indexed by enum log_level */

/*
 * The keys of struct service_config. Their fallbacks for DATABASE_URL, HTTP_PORT, HTTP_THREADS and
 * RELAY_STATE_TOPIC are empty and invalid: each service has its own, in its config_program's
 * defaults.
 */
extern const struct config_key service_config_keys[];

/* The check of their table. What anybody could call from elsewhere, or overhear, is refused unless
 * INSECURE=1 says that it is meant. */
size_t service_config_check(const void *settings, struct strbuf *problems);

struct kafka_settings service_config_kafka(const struct service_config *config,
					   const char *client_id);

/* The relay's: with its transactional id. *state_topic: for relay_config. */
struct kafka_settings service_config_relay(const struct service_config *config,
					   const char *client_id, const char **state_topic);

struct http_security_config service_config_security(const struct service_config *config);

/* progress: see struct http_server_config. */
struct http_server_config service_config_http(const struct service_config *config,
					      struct progress *progress);

/* service: the program's name. */
struct otlp_config service_config_otlp(const struct service_config *config, const char *service,
				       const char *replica);

#define REPLICA_NAME_MAX 64

/* The replica's name into name: REPLICA with %h as the machine's name, or service-port. It must
 * be another one for each replica: containers have the same port, but each a name of its own. */
void service_config_replica(const struct service_config *config, const char *service,
			    char name[REPLICA_NAME_MAX]);

#endif
