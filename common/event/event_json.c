#include "common/event/event_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json_writer.h"
#include "common/base/parse.h"
#include "common/base/utf8.h"

/* An integer, or a string that is wholly one (Spring services write both). */
static enum status get_integer(const json_t *root, const char *name, bool required, int64_t min,
			       int64_t max, int64_t *out, struct error *err)
{
	const json_t *value = json_object_get(root, name);
	int64_t number = 0;

	if (!value || json_is_null(value)) {
		if (required)
			return error_set(err, ST_INVALID, "field %s is missing", name);
		return ST_OK;
	}
	if (json_is_integer(value)) {
		number = json_integer_value(value);
	} else if (!json_is_string(value) ||
		   !parse_i64(json_string_value(value), json_string_length(value), INT64_MIN,
			      INT64_MAX, &number)) {
		return error_set(err, ST_INVALID, "field %s is not a whole number", name);
	}
	if (number < min || number > max)
		return error_set(err, ST_INVALID, "field %s is out of range", name);
	*out = number;
	return ST_OK;
}

/* A string, or an integer whose digits are meant. scratch holds those digits. */
static enum status get_text(const json_t *root, const char *name, char scratch[32],
			    const char **out, struct error *err)
{
	const json_t *value = json_object_get(root, name);

	if (!value || json_is_null(value))
		return error_set(err, ST_INVALID, "field %s is missing", name);
	if (json_is_integer(value)) {
		(void)snprintf(scratch, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		*out = scratch;
		return ST_OK;
	}
	if (!json_is_string(value))
		return error_set(err, ST_INVALID, "field %s is not a string", name);
	*out = json_string_value(value);
	return ST_OK;
}

/* One block: the event, then its three strings. */
static enum status copy_event(const struct order_event *event, struct order_event **out,
			      struct error *err)
{
	size_t id = strlen(event->product_id) + 1;
	size_t name = strlen(event->product_name) + 1;
	size_t address = strlen(event->address) + 1;
	struct order_event *copy = malloc(sizeof(*copy) + id + name + address);
	char *text;

	if (!copy)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	text = (char *)(copy + 1);
	*copy = *event;
	copy->product_id = memcpy(text, event->product_id, id);
	copy->product_name = memcpy(text + id, event->product_name, name);
	copy->address = memcpy(text + id + name, event->address, address);
	*out = copy;
	return ST_OK;
}

static enum status read_event(const json_t *root, struct order_event *event, char scratch[3][32],
			      struct error *err)
{
	const char *type = json_string_value(json_object_get(root, "eventType"));
	int64_t version = 0, qty = 0;

	if (!type)
		return error_set(err, ST_INVALID, "field eventType is missing");
	if (strcmp(type, event_order_names[event->type]) != 0)
		return error_set(err, ST_INVALID, "eventType %.*s is not the header's %s",
				 (int)utf8_cut(type, 40), type, event_order_names[event->type]);
	if (get_integer(root, "id", true, 1, INT64_MAX, &event->order_id, err) != ST_OK ||
	    get_integer(root, "version", false, 1, INT32_MAX, &version, err) != ST_OK ||
	    get_integer(root, "timestamp", false, 0, INT64_MAX, &event->timestamp_ms, err) !=
		    ST_OK ||
	    get_integer(root, "customerId", true, INT64_MIN, INT64_MAX, &event->customer_id, err) !=
		    ST_OK ||
	    get_integer(root, "qty", true, INT32_MIN, INT32_MAX, &qty, err) != ST_OK ||
	    get_text(root, "productId", scratch[0], &event->product_id, err) != ST_OK ||
	    get_text(root, "productName", scratch[1], &event->product_name, err) != ST_OK ||
	    get_text(root, "address", scratch[2], &event->address, err) != ST_OK)
		return err->status;
	event->version = (int32_t)version;
	event->qty = (int32_t)qty;
	return ST_OK;
}

enum status event_decode_json(enum event_type type, const json_t *root, struct order_event **out,
			      struct error *err)
{
	struct order_event event = { .type = type };
	char scratch[3][32];

	if (!json_is_object(root))
		return error_set(err, ST_INVALID, "not a JSON object");
	if (read_event(root, &event, scratch, err) != ST_OK)
		return err->status;
	return copy_event(&event, out, err);
}

enum status event_decode(enum event_type type, const void *payload, size_t len,
			 struct order_event **out, struct error *err)
{
	json_error_t why;
	json_t *root;
	enum status st;

	if (!payload)
		return error_set(err, ST_INVALID, "null payload");
	if (len > EVENT_PAYLOAD_MAX_BYTES)
		return error_set(err, ST_INVALID, "payload of %zu bytes, at most %d are allowed",
				 len, EVENT_PAYLOAD_MAX_BYTES);
	root = json_loadb(payload, len, JSON_REJECT_DUPLICATES, &why);
	if (!root && json_error_code(&why) == json_error_out_of_memory)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	if (!root)
		return error_set(err, ST_INVALID, "not JSON: %s at byte %d", why.text,
				 why.position);
	st = event_decode_json(type, root, out, err);
	json_decref(root);
	return st;
}

/* --- writing ------------------------------------------------------------------------------- */

#define EXPECTED_BYTES 256 /* of a payload */

static void write_content(struct json_writer *w, const struct order_event *e)
{
	json_writer_number(w, "customerId", e->customer_id);
	json_writer_text(w, "productId", e->product_id);
	json_writer_text(w, "productName", e->product_name);
	json_writer_number(w, "qty", e->qty);
	json_writer_text(w, "address", e->address);
}

char *event_encode_order(const struct order_event *e)
{
	struct json_writer w;

	json_writer_init(&w, EXPECTED_BYTES);
	json_writer_object(&w, NULL);
	json_writer_text(&w, "eventType", event_order_names[e->type]);
	json_writer_number(&w, "timestamp", e->timestamp_ms);
	json_writer_number(&w, "id", e->order_id);
	json_writer_number(&w, "version", e->version);
	write_content(&w, e);
	json_writer_object_end(&w);
	return json_writer_take(&w);
}

char *event_encode_delivery(const struct order_event *e, int64_t delivery_id, int64_t timestamp_ms)
{
	struct json_writer w;

	json_writer_init(&w, EXPECTED_BYTES);
	json_writer_object(&w, NULL);
	json_writer_text(&w, "eventType", event_delivery_names[e->type]);
	json_writer_number(&w, "timestamp", timestamp_ms);
	json_writer_number(&w, "id", delivery_id);
	json_writer_number(&w, "orderId", e->order_id);
	/* An event that came without a version is answered without one. */
	if (e->version > 0)
		json_writer_number(&w, "version", e->version);
	write_content(&w, e);
	json_writer_text(&w, "status", event_delivery_statuses[e->type]);
	json_writer_object_end(&w);
	return json_writer_take(&w);
}
