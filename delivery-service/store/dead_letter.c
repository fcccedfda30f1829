#include "delivery-service/store/dead_letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/contract.h"
#include "common/event/event_json.h"
#include "common/outbox/outbox_headers.h"

#define OWN_HEADERS 5 /* at most */

static bool is_replaced(const char *name)
{
	static const char *const names[] = { CONTRACT_ORIGIN_TOPIC, CONTRACT_ORIGIN_PARTITION,
					     CONTRACT_ORIGIN_OFFSET, CONTRACT_EXCEPTION_MESSAGE };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* The message's own headers as they came, without those that the letter has of itself. Returns how
 * many; *timestamp: among them is the time of its first origin. */
static size_t copy_headers(struct message_header *to, const struct raw_message_headers *headers,
			   bool *timestamp)
{
	const char *at = headers->bytes;
	size_t n = 0;

	for (size_t i = 0; i < headers->count; i++) {
		at = raw_message_header(at, &to[n].name, &to[n].value, &to[n].len);
		*timestamp |= strcmp(to[n].name, CONTRACT_ORIGIN_TIMESTAMP) == 0;
		n += !is_replaced(to[n].name);
	}
	return n;
}

static struct message_header text_header(const char *name, const char *text)
{
	return (struct message_header){ name, text, strlen(text) };
}

#define NUMBER_SIZE 24

static struct message_header number_header(const char *name, int64_t value, char text[NUMBER_SIZE])
{
	(void)snprintf(text, NUMBER_SIZE, "%" PRId64, value);
	return text_header(name, text);
}

/* Returns owned text; NULL: out of memory. */
static char *headers_of(const char *topic, const struct event_record *record, const char *reason)
{
	size_t own = record->was_parked ? 0 : record->message.headers->count, n = 0;
	struct message_header *list = calloc(own + OWN_HEADERS, sizeof(*list));
	char partition[NUMBER_SIZE], offset[NUMBER_SIZE], at[NUMBER_SIZE], *text;
	bool timestamp = record->was_parked;

	if (!list)
		return NULL;
	if (!record->was_parked)
		n = copy_headers(list, record->message.headers, &timestamp);
	list[n++] = text_header(CONTRACT_ORIGIN_TOPIC, topic);
	list[n++] = number_header(CONTRACT_ORIGIN_PARTITION, record->origin.partition, partition);
	list[n++] = number_header(CONTRACT_ORIGIN_OFFSET, record->origin.offset, offset);
	if (!timestamp)
		list[n++] =
			number_header(CONTRACT_ORIGIN_TIMESTAMP, record->message.timestamp_ms, at);
	list[n++] = text_header(CONTRACT_EXCEPTION_MESSAGE, reason);
	text = outbox_headers_encode(list, n);
	free(list);
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
