/*
 * The last state that a transactional producer has committed under a key, in a topic that Kafka
 * compacts. The topic has one partition, at least as many replicas as the topic of the events, and
 * the cleanup policy compact alone: else the state might be gone when it is needed.
 *
 * Invariant: after kafka_producer_prepare, what is found is of the last transaction that was
 * committed with the id. The end up to which is read is what the partition's leader says of all
 * records, and it says nothing while it does not know yet how far they are replicated. Read are
 * committed records only; one behind a transaction of somebody else that is still open is waited
 * for.
 *
 * Threads: any; it keeps nothing.
 */
#ifndef COMMON_KAFKA_KAFKA_STATE_H
#define COMMON_KAFKA_KAFKA_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"

/* Asked at least every two seconds; false: the read is to end. */
typedef bool kafka_state_go_on(void *context);

struct kafka_state_source {
	const struct kafka_settings *kafka; /* its topic is that of the events */
	const char *topic;                  /* of the states */
	const char *key;
	kafka_state_go_on *go_on;
	void *context;
};

/*
 * *value: owned (free) and NUL-terminated; NULL: there is no state under the key. ST_INVALID: a
 * setting, or a topic that is not as it must be. ST_NOT_FOUND: there is no such topic.
 * ST_UNAVAILABLE: no answer, or go_on said so.
 */
MUST_CHECK enum status kafka_state_read(const struct kafka_state_source *source, char **value,
					struct error *err);

#endif
