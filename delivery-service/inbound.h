/*
 * One event on its way from the topic to its effect.
 *
 * Threads: the delivery loop's.
 */
#ifndef DELIVERY_SERVICE_INBOUND_H
#define DELIVERY_SERVICE_INBOUND_H

#include <librdkafka/rdkafka.h>

#include "common/event.h"
#include "delivery-service/delivery.h"
#include "delivery-service/lanes.h"

/* A place on the topic. */
struct place {
	int32_t partition;
	int64_t offset;
};

struct inbound {
	struct lane_item item;       /* first: the lanes hand it back */
	rd_kafka_message_t *message; /* owned: topic, key, payload, headers; NULL: it was parked */
	struct order_event *event;   /* owned; NULL: skipped, or a dead letter */
	struct place place;          /* where it is */
	struct place origin;         /* where it first was, if it is a replayed dead letter */
	int64_t received_wall_ms;
	char reason[160];                  /* why it is a dead letter; empty: it is none */
	struct delivery_decision decision; /* written by delivery_store_write */
};

/*
 * Takes message and reads it: an order event gets event, what cannot be read gets a reason, and
 * what is none of ours (Delivery* and other types) gets neither. Returns owned, NULL when out of
 * memory (message is destroyed then).
 */
struct inbound *inbound_new(rd_kafka_message_t *message, int64_t received_wall_ms);

/* One that was parked at place and comes back, still undecided: takes event. Returns owned, NULL
 * when out of memory (event is freed then). */
struct inbound *inbound_parked(struct order_event *event, struct place place,
			       int64_t received_wall_ms);

/* Makes it a dead letter: the event goes, the reason is kept (cut to what fits). */
void inbound_refuse(struct inbound *in, const char *reason);

void inbound_free(struct inbound *in);

#endif
