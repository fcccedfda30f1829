/*
 * Where Kafka is, and how this process talks to it.
 *
 * Threads: values only.
 */
#ifndef COMMON_KAFKA_KAFKA_SETTINGS_H
#define COMMON_KAFKA_KAFKA_SETTINGS_H

struct kafka_settings {
	const char *bootstrap_servers;
	const char *topic;
	const char *extra;            /* KAFKA_CONF: name=value;name=value, wins over ours */
	const char *client_id;        /* how the broker's logs name us */
	const char *transactional_id; /* of a relay's producer; NULL: it has no transactions */
};

#endif
