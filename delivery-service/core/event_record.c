#include "delivery-service/core/event_record.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/base/utf8.h"
#include "common/event/contract.h"
#include "common/event/event_json.h"

#define REASON_MAX_BYTES 160

bool event_record_is_relevant(const struct message *m)
{
	enum event_type type;
	const char *name;
	size_t len;

	return !message_header_text(m, "type", &name, &len) || event_order_type(name, len, &type);
}

static bool header_number(const struct message *m, const char *name, int64_t max, int64_t *out)
{
	const char *text;
	size_t len;

	return message_header_text(m, name, &text, &len) && parse_i64(text, len, 0, max, out);
}

/* A dead letter that was replayed brings the headers that dead_letter.c gave it. */
static struct topic_offset origin_of(const struct message *m)
{
	const char *topic;
	int64_t partition, offset;
	size_t len;
	bool replayed = message_header_text(m, CONTRACT_ORIGIN_TOPIC, &topic, &len) &&
			len == strlen(m->topic) && memcmp(topic, m->topic, len) == 0 &&
			header_number(m, CONTRACT_ORIGIN_PARTITION, INT32_MAX, &partition) &&
			header_number(m, CONTRACT_ORIGIN_OFFSET, INT64_MAX, &offset);

	return replayed ? (struct topic_offset){ (int32_t)partition, offset } : m->at;
}

static enum status decode(const struct event_record *record, struct order_event **event,
			  struct error *err)
{
	return event_decode(record->type, record->message.payload, record->message.payload_len,
			    event, err);
}

static void read_event(struct event_record *record, const struct message *m)
{
	const char *name;
	struct error err;
	size_t len;

	if (!message_header_text(m, "type", &name, &len))
		event_record_reject(record, "no header \"type\"");
	else if (event_order_type(name, len, &record->type) &&
		 decode(record, &record->event, &err) != ST_OK)
		event_record_reject(record, err.msg);
}

struct event_record *event_record_new(const struct message *m, struct raw_message_recent *latest,
				      int64_t received_wall_ms)
{
	struct event_record *record = malloc(sizeof(*record) + raw_message_body_size(m));

	if (!record)
		return NULL;
	*record = (struct event_record){ .at = m->at,
					 .origin = origin_of(m),
					 .end = m->at.offset + 1,
					 .received_wall_ms = received_wall_ms };
	if (!raw_message_copy(&record->message, record->bytes, m, latest)) {
		free(record);
		return NULL;
	}
	read_event(record, m);
	return record;
}

void event_record_compact(struct event_record *record)
{
	if (!record->event || record->was_parked)
		return;
	free(record->event);
	record->event = NULL;
	record->compacted = true;
}

bool event_record_expand(struct event_record *record)
{
	struct error ignored;

	/* These bytes were decoded before. */
	if (record->compacted && decode(record, &record->event, &ignored) != ST_OK)
		return false;
	record->compacted = false;
	return true;
}

struct event_record *event_record_from_parked(struct order_event *event, struct topic_offset at,
					      int64_t received_wall_ms)
{
	struct event_record *record = calloc(1, sizeof(*record));

	if (!record) {
		free(event);
		return NULL;
	}
	record->event = event;
	record->at = at;
	record->origin = at;
	record->received_wall_ms = received_wall_ms;
	record->was_parked = true;
	return record;
}

void event_record_reject(struct event_record *record, const char *reason)
{
	free(record->event);
	record->event = NULL;
	free(record->reason);
	record->reason = strndup(reason, utf8_cut(reason, REASON_MAX_BYTES));
}

void event_record_free(struct event_record *record)
{
	if (!record)
		return;
	raw_message_headers_release(record->message.headers);
	free(record->event);
	free(record->reason);
	free(record);
}
