/*
 * The order ids that the topic has used.
 *
 * Threads: one owner; progress any.
 */
#ifndef ORDER_SERVICE_TOPIC_IDS_H
#define ORDER_SERVICE_TOPIC_IDS_H

#include "common/kafka/kafka_topic.h"
#include "common/runtime/progress.h"

struct topic_ids {
	int64_t highest; /* of an order, 0: none */
	int64_t events;  /* that were read */
};

/*
 * Reads the topic once, which progress hears of. An id of over half of all ids is nobody's: the
 * next ones have to fit, too. Errors: as kafka_topic_find_ends.
 */
MUST_CHECK enum status topic_ids_read(struct kafka_topic *topic, struct progress *progress,
				      struct topic_ids *out, struct error *err);

#endif
