/*
 * Dead letters: what cannot be applied goes to the dead-letter topic as it came (key, payload,
 * headers), with the reason and its origin in headers named as Spring Cloud Stream names them.
 * It goes through the outbox, in the transaction that moves the position past it: it is neither
 * lost nor duplicated by a crash. A letter that is replayed and fails again keeps its first origin.
 *
 * Threads: any; the batch has one owner.
 */
#ifndef DELIVERY_SERVICE_STORE_DEAD_LETTER_H
#define DELIVERY_SERVICE_STORE_DEAD_LETTER_H

#include "common/outbox/outbox.h"
#include "delivery-service/core/event_record.h"

/* topic: where it came from. reason: why it is one. False: out of memory. */
MUST_CHECK bool dead_letter_add(struct outbox_batch *batch, const char *topic,
				const struct event_record *record, const char *reason);

#endif
