/*
 * Names of the wire contract that more than one program needs: each stands here once.
 *
 * Threads: constants only.
 */
#ifndef COMMON_EVENT_CONTRACT_H
#define COMMON_EVENT_CONTRACT_H

/* The topic of the events that cannot be applied. */
#define CONTRACT_DEAD_LETTER_TOPIC "dlq-kafka.delivery"

/* The topics of the states of the relays' transactions, one for each outbox: a transaction that is
 * open in one holds up nobody else. */
#define CONTRACT_ORDERS_STATE_TOPIC   "outbox-state.orders"
#define CONTRACT_DELIVERY_STATE_TOPIC "outbox-state.delivery"

/* Where a dead letter was first: headers of the letter, and of the event that it is replayed as. */
#define CONTRACT_ORIGIN_TOPIC     "x-original-topic"
#define CONTRACT_ORIGIN_PARTITION "x-original-partition"
#define CONTRACT_ORIGIN_OFFSET    "x-original-offset"
#define CONTRACT_ORIGIN_TIMESTAMP "x-original-timestamp"

/* Why an event became a dead letter. */
#define CONTRACT_EXCEPTION_MESSAGE "x-exception-message"

#endif
