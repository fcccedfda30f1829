#include "common/outbox/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/outbox/outbox_headers.h"

const struct pg_statement outbox_statements[] = {
	{ OUTBOX_INSERT,
	  "insert into outbox (topic, key, type, headers, payload) "
	  "select topic, key, type, headers, payload "
	  "from unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::bytea[]) "
	  "  with ordinality as m (topic, key, type, headers, payload, n) "
	  "order by n" },
	{ 0 },
};

void outbox_batch_init(struct outbox_batch *batch)
{
	batch->count = 0;
	pg_array_init(&batch->topic, PG_ARRAY_TEXT);
	pg_array_init(&batch->key, PG_ARRAY_BYTEA);
	pg_array_init(&batch->type, PG_ARRAY_TEXT);
	pg_array_init(&batch->headers, PG_ARRAY_TEXT);
	pg_array_init(&batch->payload, PG_ARRAY_BYTEA);
}

void outbox_batch_fini(struct outbox_batch *batch)
{
	pg_array_fini(&batch->topic);
	pg_array_fini(&batch->key);
	pg_array_fini(&batch->type);
	pg_array_fini(&batch->headers);
	pg_array_fini(&batch->payload);
}

static void add_bytes(struct pg_array *array, const void *bytes, size_t len)
{
	if (bytes)
		pg_array_bytes(array, bytes, len);
	else
		pg_array_null(array);
}

void outbox_batch_add(struct outbox_batch *batch, const struct outbox_message *message)
{
	pg_array_text(&batch->topic, message->topic);
	add_bytes(&batch->key, message->key, message->key_len);
	pg_array_text(&batch->type, message->type);
	pg_array_text(&batch->headers, message->headers);
	add_bytes(&batch->payload, message->payload, message->payload_len);
	batch->count++;
}

bool outbox_batch_add_event(struct outbox_batch *batch, const char *topic, int64_t order_id,
			    const char *type, const char *payload, const struct trace *trace)
{
	char key[24];
	char *headers = trace ? outbox_headers_of_trace(trace) : NULL;
	int key_len = snprintf(key, sizeof(key), "%" PRId64, order_id);
	struct outbox_message message = { .topic = topic,
					  .key = key,
					  .key_len = (size_t)key_len,
					  .type = type,
					  .headers = headers,
					  .payload = payload,
					  .payload_len = strlen(payload) };

	if (trace && !headers)
		return false;
	outbox_batch_add(batch, &message);
	free(headers);
	return true;
}

void outbox_batch_params(struct outbox_batch *batch, struct pg_params *params)
{
	pg_param_array(params, &batch->topic);
	pg_param_array(params, &batch->key);
	pg_param_array(params, &batch->type);
	pg_param_array(params, &batch->headers);
	pg_param_array(params, &batch->payload);
}
