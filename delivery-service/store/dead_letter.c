#include "delivery-service/store/dead_letter.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/contract.h"
#include "common/event/event_json.h"

/* Headers that are no UTF-8 text cannot be kept in the outbox and are left out. */
static void copy_headers(json_t *root, const struct raw_message_headers *headers)
{
	const char *at = headers->bytes, *name;
	const void *value;
	size_t len;

	for (size_t i = 0; i < headers->count; i++) {
		json_t *text;

		at = raw_message_header(at, &name, &value, &len);
		text = value ? json_stringn(value, len) : NULL;
		if (text)
			(void)json_object_set_new(root, name, text);
	}
}

static void set_number(json_t *root, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	(void)json_object_set_new(root, name, json_string(text));
}

static void set_original(json_t *root, const char *topic, const struct event_record *record)
{
	(void)json_object_set_new(root, CONTRACT_ORIGIN_TOPIC, json_string(topic));
	set_number(root, CONTRACT_ORIGIN_PARTITION, record->origin.partition);
	set_number(root, CONTRACT_ORIGIN_OFFSET, record->origin.offset);
	if (!record->was_parked && !json_object_get(root, CONTRACT_ORIGIN_TIMESTAMP))
		set_number(root, CONTRACT_ORIGIN_TIMESTAMP, record->message.timestamp_ms);
}

static char *headers_of(const char *topic, const struct event_record *record, const char *reason)
{
	json_t *root = json_object(), *why = reason ? json_string(reason) : NULL;
	char *text;

	if (!record->was_parked)
		copy_headers(root, record->message.headers);
	set_original(root, topic, record);
	/* A reason that quotes bad bytes is no UTF-8 itself. */
	(void)json_object_set_new(root, CONTRACT_EXCEPTION_MESSAGE,
				  why ? why : json_string("unreadable message"));
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

/* An event that was parked is encoded again: what it carried besides its content is gone. */
static void add_parked(struct outbox_batch *batch, const struct event_record *record,
		       const char *headers, const char *payload)
{
	char key[24];
	int key_len = snprintf(key, sizeof(key), "%" PRId64, record->event->order_id);
	struct outbox_message letter = { .topic = CONTRACT_DEAD_LETTER_TOPIC,
					 .key = key,
					 .key_len = (size_t)key_len,
					 .type = event_order_names[record->event->type],
					 .headers = headers,
					 .payload = payload,
					 .payload_len = strlen(payload) };

	outbox_batch_add(batch, &letter);
}

static void add_original(struct outbox_batch *batch, const struct raw_message *raw_message,
			 const char *headers)
{
	struct outbox_message letter = { .topic = CONTRACT_DEAD_LETTER_TOPIC,
					 .key = raw_message->key,
					 .key_len = raw_message->key_len,
					 .headers = headers,
					 .payload = raw_message->payload,
					 .payload_len = raw_message->payload_len };

	outbox_batch_add(batch, &letter);
}

bool dead_letter_add(struct outbox_batch *batch, const char *topic,
		     const struct event_record *record, const char *reason)
{
	char *headers = headers_of(topic, record, reason);
	char *payload = record->was_parked ? event_encode_order(record->event) : NULL;
	bool ok = headers && (payload || !record->was_parked);

	if (ok && record->was_parked)
		add_parked(batch, record, headers, payload);
	else if (ok)
		add_original(batch, &record->message, headers);
	free(payload);
	free(headers);
	return ok;
}
