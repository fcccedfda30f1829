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
struct topic_offset {
	int32_t partition;
	int64_t offset;
};

struct event_record {
	struct lane_item item;       /* first: the lanes hand it back */
	struct simulated_work *work; /* while threads work on it; the pool's */
	struct order_event *event;   /* owned; NULL: a dead letter, or it rests */
	char *reason;                /* owned; why it is a dead letter; NULL: it is none */
	struct topic_offset at;      /* where it is */
	struct topic_offset origin;  /* where it first was, if it is a replayed dead letter */
	int64_t end; /* from place to here it stands for the offsets of its partition */
	int64_t received_wall_ms;
	struct delivery_decision decision; /* written by delivery_store_begin */
	bool was_parked;
	bool compacted;
	/* The message as it came, see event_record_message; none if it was parked: */
	bool has_key, has_payload;
	uint32_t key_len, payload_len;
	enum event_type type;
	int64_t timestamp_ms;
	struct raw_message_headers *headers; /* a reference */
	char bytes[];                        /* key and payload */
};

/* The message's type is one of ours, or missing: it has to be looked at. */
bool event_record_is_relevant(const rd_kafka_message_t *message);

/*
 * Reads message (borrowed), which concerns us: an order event gets event, what cannot be read gets
 * a reason. Returns owned, NULL when out of memory.
 */
struct event_record *event_record_new(const rd_kafka_message_t *message,
				      struct raw_message_recent *latest, int64_t received_wall_ms);

/* Rest: its event is given up, to be read again from the bytes when it is over. What waits for
 * long takes two thirds of the memory so. */
void event_record_compact(struct event_record *record);
/* False: out of memory; it still rests. Without a rest nothing happens. */
bool event_record_expand(struct event_record *record);

/* The message as it came; borrowed from in. */
struct raw_message event_record_message(const struct event_record *record);

/* The memory that it takes while it rests, roughly. */
static inline size_t event_record_size(const struct event_record *record)
{
	return sizeof(*record) + record->key_len + record->payload_len;
}

/* One that was parked at place and comes back, still undecided: takes event. Returns owned, NULL
 * when out of memory (event is freed then). */
struct event_record *event_record_from_parked(struct order_event *event, struct topic_offset at,
					      int64_t received_wall_ms);

/* Makes it a dead letter: the event goes, the reason is kept. */
void event_record_reject(struct event_record *record, const char *reason);

void event_record_free(struct event_record *record);

#endif
