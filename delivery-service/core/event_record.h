/*
 * One order event: what it says, where it came from, and the message as it came, for the day that
 * it becomes a dead letter. It holds copies, not the consumer's message: that one keeps the whole
 * fetch that it came in, and with work in key order some events wait for long. Pure.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_EVENT_RECORD_H
#define DELIVERY_SERVICE_CORE_EVENT_RECORD_H

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/event/message.h"
#include "common/trace/trace.h"
#include "delivery-service/core/lanes.h"
#include "delivery-service/core/raw_message.h"

struct event_record {
	struct lane_item item;      /* the scheduler's hook: no allocation for each event */
	struct order_event *event;  /* owned; NULL: a dead letter, or compacted */
	char *reason;               /* owned; why it is a dead letter; NULL: it is none */
	struct topic_offset at;     /* where it is */
	struct topic_offset origin; /* where it first was, if it is a replayed dead letter */
	int64_t end; /* of the offsets that it stands for: its own and those skipped behind it */
	int32_t lap; /* of its partition, in which it came */
	int64_t received_wall_ms;
	struct trace *trace;  /* owned; NULL: none */
	enum event_type type; /* of the message, which event is decoded from */
	bool was_parked;
	bool compacted;
	bool behind;                /* see partition_wait_behind */
	struct raw_message message; /* empty if it was parked */
	char bytes[];               /* of message: key and payload */
};

enum event_record_kind {
	EVENT_RECORD_OURS,  /* its type is one of ours, or missing: it has to be looked at */
	EVENT_RECORD_OTHER, /* no record is made of it */
};

/*
 * Reads message (borrowed). An order event gets event, what cannot be read gets a reason. *out is
 * owned; NULL: out of memory, or EVENT_RECORD_OTHER.
 */
MUST_CHECK enum event_record_kind event_record_new(struct event_record **out,
						   const struct message *message,
						   struct raw_message_recent *latest,
						   int64_t received_wall_ms);

/* Frees its event, to be decoded again from the message. What waits for long takes two thirds of
 * the memory so. */
void event_record_compact(struct event_record *record);
/* Decodes the event of a compacted record; else nothing happens. False: out of memory. */
MUST_CHECK bool event_record_expand(struct event_record *record);

/* Which event it is, also while it is compacted; both 0 for what cannot be read. */
void event_record_identity(const struct event_record *record, int64_t *order_id, int32_t *version);

/* The memory that it takes while it is compacted, roughly. */
static inline size_t event_record_size(const struct event_record *record)
{
	return sizeof(*record) + record->message.key_len + record->message.payload_len;
}

/* One that is decoded already, without its message: takes event. Returns owned, NULL when out of
 * memory (event is freed then). */
struct event_record *event_record_from_event(struct order_event *event, struct topic_offset at,
					     int64_t received_wall_ms);

/* Makes it a dead letter: the event is freed, the reason is kept. */
void event_record_reject(struct event_record *record, const char *reason);
/* Why it is one, also where there was no memory for the reason. */
const char *event_record_reason(const struct event_record *record);

void event_record_free(struct event_record *record);

#endif
