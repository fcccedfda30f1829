/*
 * The one way in: what becomes of a message that the consumer brings. What there is work for comes
 * out as an event record, which its partition counts as in flight. Pure.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_INTAKE_H
#define DELIVERY_SERVICE_CORE_INTAKE_H

#include "delivery-service/core/event_record.h"
#include "delivery-service/core/partitions.h"

struct intake {
	struct partitions *partitions;    /* borrowed */
	struct raw_message_recent latest; /* headers of the latest messages */
};

enum intake_verdict {
	INTAKE_DONE,    /* nothing: it was done before, or its partition is not read now */
	INTAKE_SKIP,    /* nothing: its type is not one of ours */
	INTAKE_ENQUEUE, /* its record waits for its work */
};

struct intake_result {
	enum intake_verdict verdict;
	struct partition *partition; /* borrowed; NULL: it is not ours */
	struct event_record *record; /* owned, with INTAKE_ENQUEUE; NULL: out of memory */
};

/*
 * message is borrowed. Its partition's next_read is moved past it, and past a hole in the log
 * before it. A message from before next_read marks the partition as replaced.
 */
struct intake_result intake_receive(struct intake *intake, const struct message *message,
				    int64_t now_wall_ms);

void intake_fini(struct intake *intake);

/*
 * The log has nothing to read before offset: next_read is moved there. An end before next_read
 * marks the partition as replaced. partition NULL: it is not ours.
 */
void intake_end(struct partition *partition, int64_t offset);

/* What was to be read and is deleted: count offsets of range, the others were done. */
struct intake_lost {
	struct offset_range range;
	int64_t count;
};

/*
 * What the hole between next_read and offset, which is behind it, has lost. Only what lies before
 * log_start was deleted (negative: not known); else a hole is control records, aborted
 * transactions, or what compaction has removed. False: nothing was lost.
 */
bool intake_lost(const struct partition *partition, int64_t offset, int64_t log_start,
		 struct intake_lost *lost);

#endif
