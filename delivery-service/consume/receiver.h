/*
 * What the consumer brings, on its way into the scheduler: messages, ends of partitions, a log that
 * went back, and what Kafka deleted before it was read, which is said loudly. A partition with too
 * many events in flight is paused.
 *
 * Threads: the delivery loop's.
 */
#ifndef DELIVERY_SERVICE_CONSUME_RECEIVER_H
#define DELIVERY_SERVICE_CONSUME_RECEIVER_H

#include "common/kafka/kafka_consumer.h"
#include "common/runtime/progress.h"
#include "delivery-service/consume/delivery_metrics.h"
#include "delivery-service/consume/delivery_writer.h"
#include "delivery-service/consume/ownership.h"
#include "delivery-service/core/intake.h"
#include "delivery-service/work/scheduler.h"

struct receiver {
	/* All borrowed. */
	struct kafka_consumer *consumer;
	struct scheduler *scheduler;
	struct ownership *ownership;
	struct delivery_writer *writer; /* writes the position of what needs no work */
	struct progress *progress;      /* of the loop */
	struct delivery_metrics *metrics;
	struct otlp *otlp; /* NULL: no spans */
	int64_t max_concurrency;
	struct intake intake; /* owned */
};

void receiver_fini(struct receiver *receiver);

/* False: out of memory, and nothing may be written any more. */
MUST_CHECK bool receiver_take(struct receiver *receiver, const struct message *message);

/* The partition is read up to offset. */
void receiver_end(struct receiver *receiver, int32_t partition, int64_t offset);

/* Pauses or resumes the partition by what it has in flight; to be called when that changes. */
void receiver_apply_back_pressure(struct receiver *receiver, struct partition *partition);

#endif
