/*
 * Writes what is done. Events whose work is done gather in a batch. It is written in two steps;
 * between them, while the database works, the caller receives messages and nothing else. A write
 * that fails is repeated, together with what is done by then. An event that the database refuses
 * becomes a dead letter.
 *
 * Threads: the delivery loop's.
 */
#ifndef DELIVERY_SERVICE_CONSUME_DELIVERY_WRITER_H
#define DELIVERY_SERVICE_CONSUME_DELIVERY_WRITER_H

#include "common/base/backoff.h"
#include "common/runtime/progress.h"
#include "delivery-service/consume/batch_apply.h"
#include "delivery-service/consume/delivery_metrics.h"
#include "delivery-service/consume/parked_events.h"
#include "delivery-service/core/commit_plan.h"

struct delivery_writer_config {
	/* All borrowed. */
	struct batch_apply *apply;
	struct partitions *partitions;
	struct parked_events *parked_events;
	struct delivery_metrics *metrics;
	struct progress *progress; /* idle while nothing is to be written */
	/* Everything of the partition below next_offset is committed. */
	void (*committed)(void *context, int32_t partition, int64_t next_offset);
	/* Its position is not as we left it: our events of it are not to be written
	 * (delivery_writer_drop, too). */
	void (*fenced)(void *context, struct partition *partition);
	void *context;
};

struct delivery_writer {
	struct delivery_writer_config config;
	struct event_record *done[BATCH_APPLY_MAX]; /* owned; done, in order, to be written next */
	size_t done_count;
	/* The write in progress, of the first events that are done. */
	bool in_progress;
	size_t sent_count;
	struct commit_plan plan;
	int64_t started_mono_us;

	int64_t flush_at_mono_ms; /* for positions without effects; INT64_MAX: none */
	int64_t retry_at_mono_ms; /* after a failed write */
	struct backoff backoff;
	int64_t next_log_mono_ms;
};

void delivery_writer_init(struct delivery_writer *writer,
			  const struct delivery_writer_config *config);

/* record (taken over) is done. There must be room, and no write in progress. */
void delivery_writer_add(struct delivery_writer *writer, struct event_record *record);
bool delivery_writer_has_room(const struct delivery_writer *writer);

/* Something was skipped: its position is written soon, if no event takes it along. */
void delivery_writer_flush_later(struct delivery_writer *writer);

/* Forgets what is done and not written of a partition. No write may be in progress. */
void delivery_writer_drop(struct delivery_writer *writer, int32_t partition);

/* When there is something to write or to finish. */
int64_t delivery_writer_due(const struct delivery_writer *writer);

/* Sends what is to be written, if it is due. */
void delivery_writer_begin(struct delivery_writer *writer);
/* Waits until the write in progress, if any, is committed or has failed. */
void delivery_writer_finish(struct delivery_writer *writer);
/* Likewise, and writes what was skipped, if it can. */
void delivery_writer_flush(struct delivery_writer *writer);

#endif
