/*
 * One event on its way from the topic to its effect. It holds copies, not librdkafka's message: a
 * message keeps the whole fetch that it came in, and with work in key order some wait for long.
 *
 * Threads: the delivery loop's.
 */
#ifndef DELIVERY_SERVICE_INBOUND_H
#define DELIVERY_SERVICE_INBOUND_H

#include <librdkafka/rdkafka.h>

#include "common/event.h"
#include "delivery-service/delivery.h"
#include "delivery-service/lanes.h"
#include "delivery-service/original.h"

/* A place on the topic. */
struct place {
	int32_t partition;
	int64_t offset;
};

struct inbound {
	struct lane_item item;     /* first: the lanes hand it back */
	struct work *work;         /* while threads work on it; the pool's */
	struct order_event *event; /* owned; NULL: a dead letter */
	struct original original;  /* its bytes are part of this block; none if it was parked */
	struct place place;        /* where it is */
	struct place origin;       /* where it first was, if it is a replayed dead letter */
	int64_t end; /* from place to here it stands for the offsets of its partition */
	int64_t received_wall_ms;
	size_t bytes; /* memory that it takes, roughly */
	bool was_parked;
	char *reason;                      /* owned; why it is a dead letter; NULL: it is none */
	struct delivery_decision decision; /* written by delivery_store_write */
};

/* The message's type is one of ours, or missing: it has to be looked at. */
bool inbound_concerns(const rd_kafka_message_t *message);

/*
 * Reads message (borrowed), which concerns us: an order event gets event, what cannot be read gets
 * a reason. Returns owned, NULL when out of memory.
 */
struct inbound *inbound_new(const rd_kafka_message_t *message, int64_t received_wall_ms);

/* One that was parked at place and comes back, still undecided: takes event. Returns owned, NULL
 * when out of memory (event is freed then). */
struct inbound *inbound_parked(struct order_event *event, struct place place,
			       int64_t received_wall_ms);

/* Makes it a dead letter: the event goes, the reason is kept. */
void inbound_refuse(struct inbound *in, const char *reason);

void inbound_free(struct inbound *in);

#endif
