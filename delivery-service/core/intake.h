/*
 * What becomes of a message that the consumer brings: whether there is work left to do for it. The
 * one way in; what comes out as INTAKE_ENQUEUE becomes an event record. Pure.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_INTAKE_H
#define DELIVERY_SERVICE_CORE_INTAKE_H

#include "delivery-service/core/partitions.h"

enum intake_verdict {
	INTAKE_DONE,    /* nothing: it was done before, or its partition is not read now */
	INTAKE_SKIP,    /* nothing: its type is not one of ours */
	INTAKE_ENQUEUE, /* an event record, at next_read of its partition */
};

/*
 * partition is the message's; NULL: it is not ours. Its next_read is moved past what needs no work:
 * the message itself, and a hole in the log before it. A message from before next_read marks the
 * partition as replaced.
 */
enum intake_verdict intake_receive(struct partition *partition, const struct message *message);

#endif
