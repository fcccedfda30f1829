#include "tools/demo/seen_event.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* As much of text as fits; "-" where there is none. */
static void copy(char *out, size_t size, const void *text, size_t len)
{
	if (text)
		(void)snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1),
			       (const char *)text);
	else
		(void)snprintf(out, size, "-");
}

static int64_t number_of(const json_t *value)
{
	return json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
}

void seen_event_read(struct seen_event *e, const struct message *m)
{
	json_t *payload = m->payload ? json_loadb(m->payload, m->payload_len, 0, NULL) : NULL;
	const json_t *order = json_object_get(payload, "orderId");
	const char *type = NULL;
	size_t len = 0;

	*e = (struct seen_event){ .partition = m->at.partition, .offset = m->at.offset };
	(void)message_header_text(m, "type", &type, &len);
	copy(e->type, sizeof(e->type), type, len);
	copy(e->key, sizeof(e->key), m->key, m->key_len);
	e->order = number_of(order ? order : json_object_get(payload, "id"));
	e->version = number_of(json_object_get(payload, "version"));
	json_decref(payload);
}

bool seen_event_of_order(const struct seen_event *e)
{
	return strncmp(e->type, "Order", 5) == 0;
}
