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
 * before it. One from before next_read is not received: see intake_goes_back.
 */
struct intake_result intake_receive(struct intake *intake, const struct message *message,
				    int64_t now_wall_ms);

void intake_fini(struct intake *intake);

/*
 * A message at offset comes from before what was read: the log went back. A consumer does that by
 * itself in two cases. The log ended before its position, so that it begins again: another log,
 * whose topic was re-created. Or the log repeats offsets, as a broker may leave it whose disk was
 * full: 29, 30, 31, 29, 30, 31, 32; who fetches them at once gets them all. partition NULL: it is
 * not ours.
 */
bool intake_goes_back(const struct partition *partition, int64_t offset);

/*
 * Which of the two, by what is known of where the log begins and ends (negative: not known). A
 * consumer that begins again does so where the log begins, or behind records that it is not given.
 * One that comes to the same place again is in the same log, unless that ended before.
 */
bool intake_is_another_log(const struct partition *partition, int64_t offset, int64_t log_start,
			   int64_t log_end);

/*
 * The log has nothing to read before offset: next_read is moved there. An end before next_read is
 * that of another log, and the partition is marked. partition NULL: it is not ours.
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
