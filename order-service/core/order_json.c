#include "order-service/core/order_json.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/json_number.h"
#include "common/base/parse.h"
#include "common/base/utf8.h"
#include "common/event/event.h"

struct member {
	const char *name;
	enum order_field field;
};

static const struct member members[] = {
	{ "customerId", ORDER_CUSTOMER_ID },   { "productId", ORDER_PRODUCT_ID },
	{ "productName", ORDER_PRODUCT_NAME }, { "qty", ORDER_QTY },
	{ "address", ORDER_ADDRESS },
};
#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

static const struct member *find_member(const char *name)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	}
	return NULL;
}

static enum status read_number(const json_t *value, int64_t max, int64_t *out, struct error *err)
{
	bool good = false;

	if (json_is_string(value))
		good = parse_i64(json_string_value(value), json_string_length(value), 1, max, out);
	else
		good = json_number_whole(value, out) && *out >= 1 && *out <= max;
	if (!good)
		return error_set(err, ST_INVALID, "must be a whole number from 1 to %" PRId64, max);
	return ST_OK;
}

/* Into text, which has room for max characters. */
static enum status read_text(const json_t *value, size_t max, char *text, struct error *err)
{
	size_t chars, len = json_string_length(value);

	if (!json_is_string(value))
		return error_set(err, ST_INVALID, "must be a string");
	if (len == 0)
		return error_set(err, ST_INVALID, "must not be empty");
	if (!utf8_count(json_string_value(value), len, &chars))
		return error_set(err, ST_INVALID, "must be UTF-8 without NUL characters");
	if (chars > max)
		return error_set(err, ST_INVALID, "must have at most %zu characters, not %zu", max,
				 chars);
	memcpy(text, json_string_value(value), len + 1);
	return ST_OK;
}

static enum status read_member(enum order_field field, const json_t *value,
			       struct order_content *content, struct error *err)
{
	int64_t qty = 0;

	switch (field) {
	case ORDER_CUSTOMER_ID:
		return read_number(value, INT64_MAX, &content->customer_id, err);
	case ORDER_PRODUCT_ID:
		return read_text(value, PRODUCT_ID_MAX, content->product_id, err);
	case ORDER_PRODUCT_NAME:
		return read_text(value, PRODUCT_NAME_MAX, content->product_name, err);
	case ORDER_QTY:
		if (read_number(value, QTY_MAX, &qty, err) != ST_OK)
			return err->status;
		content->qty = (int32_t)qty;
		return ST_OK;
	case ORDER_ADDRESS:
		return read_text(value, ADDRESS_MAX, content->address, err);
	}
	return error_set(err, ST_INTERNAL, "unknown field");
}

enum status order_content_read(const json_t *body, unsigned allowed, unsigned required,
			       struct order_content *content, unsigned *fields, const char **field,
			       struct error *err)
{
	unsigned seen = 0;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)body, name, value) {
		const struct member *member = find_member(name);

		*field = name;
		if (!member)
			return error_set(err, ST_INVALID, "is not a field of an order");
		if (!(member->field & allowed))
			return error_set(err, ST_INVALID, "cannot be changed");
		if (read_member(member->field, value, content, err) != ST_OK)
			return err->status;
		seen |= member->field;
	}
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		*field = members[i].name;
		if ((members[i].field & required) && !(members[i].field & seen))
			return error_set(err, ST_INVALID, "is missing");
	}
	*fields = seen;
	return ST_OK;
}

/* The member that holds the order's id; NULL: it is none of our events. */
static const char *id_member(const char *event)
{
	size_t len = event ? strlen(event) : 0;
	enum event_type ignored;

	if (!event)
		return NULL;
	if (event_order_type(event, len, &ignored))
		return "id";
	return event_type_find(event_delivery_names, event, len, &ignored) ? "orderId" : NULL;
}

int64_t order_json_event_id(const void *payload, size_t len)
{
	json_t *root = payload ? json_loadb(payload, len, 0, NULL) : NULL;
	const char *member = id_member(json_string_value(json_object_get(root, "eventType")));
	struct error ignored;
	int64_t id = 0;

	if (member && read_number(json_object_get(root, member), INT64_MAX, &id, &ignored) != ST_OK)
		id = 0;
	json_decref(root);
	return id;
}

void order_write_json(struct json_writer *w, const char *name, const struct order *order)
{
	const struct order_content *c = &order->content;

	json_writer_object(w, name);
	json_writer_number(w, "id", order->id);
	json_writer_number(w, "version", order->version);
	json_writer_number(w, "customerId", c->customer_id);
	json_writer_text(w, "productId", c->product_id);
	json_writer_text(w, "productName", c->product_name);
	json_writer_number(w, "qty", c->qty);
	json_writer_text(w, "address", c->address);
	json_writer_text(w, "status", order_status(order));
	json_writer_object_end(w);
}
