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

#endif
