/*
 * Where Kafka is, and how this process talks to it.
 *
 * Threads: values only.
 */
#ifndef COMMON_KAFKA_KAFKA_SETTINGS_H
#define COMMON_KAFKA_KAFKA_SETTINGS_H

#include <stdbool.h>

struct kafka_settings {
	const char *bootstrap_servers;
	const char *topic;
	const char *extra;     /* KAFKA_CONF: name=value;name=value, wins over ours */
	const char *client_id; /* how the broker's logs name us */
	bool new_groups; /* of a consumer: the group's protocol is KIP-848's, not the classic one */
	const char *transactional_id; /* of a relay's producer; NULL: it has no transactions */
};

#endif
