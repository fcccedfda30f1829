#include "delivery-service/dead_letter.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Headers that are no UTF-8 text cannot be kept in the outbox and are left out. */
static void copy_headers(json_t *root, const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *headers = NULL;
	const char *name;
	const void *value;
	size_t len;

	if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	for (size_t i = 0;
	     rd_kafka_header_get_all(headers, i, &name, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR;
	     i++) {
		json_t *text = value ? json_stringn(value, len) : NULL;

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

static char *headers_of(const rd_kafka_message_t *message, const char *reason)
{
	json_t *root = json_object(), *why = json_string(reason);
	rd_kafka_timestamp_type_t type;
	char *text;

	copy_headers(root, message);
	(void)json_object_set_new(root, "x-original-topic",
				  json_string(rd_kafka_topic_name(message->rkt)));
	set_number(root, "x-original-partition", message->partition);
	set_number(root, "x-original-offset", message->offset);
	set_number(root, "x-original-timestamp", rd_kafka_message_timestamp(message, &type));
	/* A reason that quotes bad bytes is no UTF-8 itself. */
	(void)json_object_set_new(root, "x-exception-message",
				  why ? why : json_string("unreadable message"));
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

bool dead_letter_add(struct outbox_batch *batch, const rd_kafka_message_t *message,
		     const char *reason)
{
	char *headers = headers_of(message, reason);
	struct outbox_message letter = { .topic = DEAD_LETTER_TOPIC,
					 .key = message->key,
					 .key_len = message->key_len,
					 .headers = headers,
					 .payload = message->payload,
					 .payload_len = message->len };

	if (!headers)
		return false;
	outbox_batch_add(batch, &letter);
	free(headers);
	return true;
}
