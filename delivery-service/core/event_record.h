/*
 * One event on its way from the topic to its effect. It holds copies, not librdkafka's message: a
 * message keeps the whole fetch that it came in, and with work in key order some wait for long.
 *
 * Threads: the delivery loop's.
 */
#ifndef DELIVERY_SERVICE_CORE_EVENT_RECORD_H
#define DELIVERY_SERVICE_CORE_EVENT_RECORD_H

#include <librdkafka/rdkafka.h>

#include "common/event/event.h"
#include "delivery-service/core/delivery.h"
#include "delivery-service/core/lanes.h"
#include "delivery-service/core/raw_message.h"

/* A place on the topic. */
struct place {
	int32_t partition;
	int64_t offset;
};

struct inbound {
	struct lane_item item;     /* first: the lanes hand it back */
	struct work *work;         /* while threads work on it; the pool's */
	struct order_event *event; /* owned; NULL: a dead letter, or it rests */
	char *reason;              /* owned; why it is a dead letter; NULL: it is none */
	struct place place;        /* where it is */
	struct place origin;       /* where it first was, if it is a replayed dead letter */
	int64_t end; /* from place to here it stands for the offsets of its partition */
	int64_t received_wall_ms;
	struct delivery_decision decision; /* written by delivery_store_write */
	bool was_parked;
	bool rests;
	/* The message as it came, see inbound_original; none if it was parked: */
	bool has_key, has_payload;
	uint32_t key_len, payload_len;
	enum event_type type;
	int64_t timestamp_ms;
	struct original_headers *headers; /* a reference */
	char bytes[];                     /* key and payload */
};

/* The message's type is one of ours, or missing: it has to be looked at. */
bool inbound_concerns(const rd_kafka_message_t *message);

/*
 * Reads message (borrowed), which concerns us: an order event gets event, what cannot be read gets
 * a reason. Returns owned, NULL when out of memory.
 */
struct inbound *inbound_new(const rd_kafka_message_t *message, struct original_latest *latest,
			    int64_t received_wall_ms);

/* Rest: its event is given up, to be read again from the bytes when it is over. What waits for
 * long takes two thirds of the memory so. */
void inbound_rest(struct inbound *in);
/* False: out of memory; it still rests. Without a rest nothing happens. */
bool inbound_end_rest(struct inbound *in);

/* The message as it came; borrowed from in. */
struct original inbound_original(const struct inbound *in);

/* The memory that it takes while it rests, roughly. */
static inline size_t inbound_size(const struct inbound *in)
{
	return sizeof(*in) + in->key_len + in->payload_len;
}

/* One that was parked at place and comes back, still undecided: takes event. Returns owned, NULL
 * when out of memory (event is freed then). */
struct inbound *inbound_parked(struct order_event *event, struct place place,
			       int64_t received_wall_ms);

/* Makes it a dead letter: the event goes, the reason is kept. */
void inbound_refuse(struct inbound *in, const char *reason);

void inbound_free(struct inbound *in);

#endif
