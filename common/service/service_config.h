/*
 * The settings both services have, for their tables: one place for names, defaults and help.
 *
 * Threads: start-up only.
 */
#ifndef COMMON_SERVICE_SERVICE_CONFIG_H
#define COMMON_SERVICE_SERVICE_CONFIG_H

#include <stddef.h>

#include "common/base/config.h"
#include "common/kafka/kafka_client.h"

struct service_config {
	const char *kafka_bootstrap_servers;
	const char *kafka_topic;
	const char *kafka_conf;
	const char *database_url;
	const char *http_host;
	int64_t http_port;
	int64_t http_threads;
	int log_level;
	const char *replica; /* empty: made from the service's name and port */
	int dispatch;        /* enum dispatch */
};

/* How what happens to orders reaches delivery-service. */
enum dispatch { DISPATCH_KAFKA, DISPATCH_HTTP };
extern const char *const dispatch_names[]; /* indexed by enum dispatch */

extern const char *const log_level_names[]; /* indexed by enum log_level */

#define SERVICE_CONFIG_KEYS(type, member, url, port, threads)                                      \
	{ "KAFKA_BOOTSTRAP_SERVERS",                                                               \
	  CONFIG_TEXT,                                                                             \
	  CONFIG_PUBLIC,                                                                           \
	  offsetof(type, member.kafka_bootstrap_servers),                                          \
	  "127.0.0.1:9092",                                                                        \
	  0,                                                                                       \
	  0,                                                                                       \
	  NULL,                                                                                    \
	  "Kafka brokers, host:port, comma separated" },                                           \
		{ "KAFKA_TOPIC",                                                                   \
		  CONFIG_TEXT,                                                                     \
		  CONFIG_PUBLIC,                                                                   \
		  offsetof(type, member.kafka_topic),                                              \
		  "kafka.scaling",                                                                 \
		  0,                                                                               \
		  0,                                                                               \
		  NULL,                                                                            \
		  "topic that carries the events" },                                               \
		{ "KAFKA_CONF",                                                                    \
		  CONFIG_TEXT,                                                                     \
		  CONFIG_SECRET_PAIRS,                                                             \
		  offsetof(type, member.kafka_conf),                                               \
		  "",                                                                              \
		  0,                                                                               \
		  0,                                                                               \
		  NULL,                                                                            \
		  "librdkafka properties, name=value;name=value (TLS, SASL, tuning)" },            \
		{ "DATABASE_URL",                                                                  \
		  CONFIG_TEXT,                                                                     \
		  CONFIG_SECRET_URL,                                                               \
		  offsetof(type, member.database_url),                                             \
		  url,                                                                             \
		  0,                                                                               \
		  0,                                                                               \
		  NULL,                                                                            \
		  "PostgreSQL; the password is better kept in PGPASSFILE" },                       \
		{ "HTTP_HOST",                                                                     \
		  CONFIG_TEXT,                                                                     \
		  CONFIG_PUBLIC,                                                                   \
		  offsetof(type, member.http_host),                                                \
		  "127.0.0.1",                                                                     \
		  0,                                                                               \
		  0,                                                                               \
		  NULL,                                                                            \
		  "address to listen on" },                                                        \
		{ "HTTP_PORT",                                                                     \
		  CONFIG_INT,                                                                      \
		  CONFIG_PUBLIC,                                                                   \
		  offsetof(type, member.http_port),                                                \
		  port,                                                                            \
		  0,                                                                               \
		  65535,                                                                           \
		  NULL,                                                                            \
		  "port to listen on; 0: any free one (see the log)" },                            \
		{ "HTTP_THREADS",                                                                  \
		  CONFIG_INT,                                                                      \
		  CONFIG_PUBLIC,                                                                   \
		  offsetof(type, member.http_threads),                                             \
		  threads,                                                                         \
		  1,                                                                               \
		  10000,                                                                           \
		  NULL,                                                                            \
		  "connections served at the same time" },                                         \
		{ "LOG_LEVEL",                                                                     \
		  CONFIG_CHOICE,                                                                   \
		  CONFIG_PUBLIC,                                                                   \
		  offsetof(type, member.log_level),                                                \
		  "info",                                                                          \
		  0,                                                                               \
		  0,                                                                               \
		  log_level_names,                                                                 \
		  "what is logged to stderr" },                                                    \
		{ "REPLICA",                                                                       \
		  CONFIG_TEXT,                                                                     \
		  CONFIG_PUBLIC,                                                                   \
		  offsetof(type, member.replica),                                                  \
		  "",                                                                              \
		  0,                                                                               \
		  0,                                                                               \
		  NULL,                                                                            \
		  "this process's name in logs, lease and history (empty: service and port; "      \
		  "%h: the machine's name)" },                                                     \
	{                                                                                          \
		"DISPATCH", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(type, member.dispatch),         \
			"kafka", 0, 0, dispatch_names,                                             \
			"how orders reach delivery-service; http: the lab's bad example"           \
	}

struct kafka_settings service_kafka(const struct service_config *config, const char *client_id);

#define REPLICA_NAME_MAX 64

/* The replica's name into name: REPLICA with %h as the machine's name, or service-port. It must
 * be another one for each replica: containers have the same port, but each a name of its own. */
void service_replica(const struct service_config *config, const char *service,
		     char name[REPLICA_NAME_MAX]);

#endif
