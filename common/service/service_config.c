#include "common/service/service_config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const log_level_names[] = { "error", "warn", "info", "debug", NULL };
const char *const dispatch_names[] = { "kafka", "http", NULL };

struct kafka_settings service_kafka(const struct service_config *config, const char *client_id)
{
	return (struct kafka_settings){ .bootstrap_servers = config->kafka_bootstrap_servers,
					.topic = config->kafka_topic,
					.extra = config->kafka_conf,
					.client_id = client_id };
}

void service_replica(const struct service_config *config, const char *service,
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
