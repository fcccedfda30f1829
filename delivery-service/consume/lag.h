/*
 * How far behind each partition of this replica is: what the topic has beyond the position in the
 * database. The position is told by the loop; the topic's end is asked for when somebody looks.
 *
 * Threads: lag_set and lag_remove the delivery loop's; lag_metrics any.
 */
#ifndef DELIVERY_SERVICE_CONSUME_LAG_H
#define DELIVERY_SERVICE_CONSUME_LAG_H

#include <pthread.h>

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/kafka/kafka_consumer.h"

struct lag {
	pthread_mutex_t mu; /* over all that follows */
	int64_t *next;      /* owned; by partition: the next offset to be done, -1: not ours */
	size_t count;
};

void lag_init(struct lag *lag);
void lag_fini(struct lag *lag);

/* Everything of the partition below next is done. */
void lag_set(struct lag *lag, int32_t partition, int64_t next);
/* It is no longer ours. */
void lag_remove(struct lag *lag, int32_t partition);

/* A partition whose end is not known has no sample. Blocks as
 * kafka_consumer_high_watermarks does. */
void lag_metrics(struct lag *lag, struct kafka_consumer *consumer, struct metrics_out *out);

#endif
