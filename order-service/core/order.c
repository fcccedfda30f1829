#include "order-service/core/order.h"

#include <inttypes.h>
#include <string.h>

/* Both have the field's room, most of which a text leaves empty: only the text is touched. */
static void copy_text(char *to, const char *from)
{
	memcpy(to, from, strlen(from) + 1);
}

void order_place(struct order *order, int64_t id, const struct order_content *content)
{
	order->id = id;
	order->version = 1;
	order->last = EVENT_PLACED;
	order->content.customer_id = content->customer_id;
	order->content.qty = content->qty;
	copy_text(order->content.product_id, content->product_id);
	copy_text(order->content.product_name, content->product_name);
	copy_text(order->content.address, content->address);
}

bool order_versions_have(const struct order_versions *versions, int32_t version)
{
	for (size_t i = 0; i < versions->count; i++) {
		if (versions->list[i] == version)
			return true;
	}
	return versions->any;
}

static enum status refuse(const struct order *order, const struct order_condition *condition,
			  struct error *err)
{
	const struct order_versions *match = &condition->match;

	if (!match->any && match->count == 1 && match->list[0] != order->version)
		return error_set(err, ST_CONFLICT, "order %" PRId64 " is at version %d, not %d",
				 order->id, order->version, match->list[0]);
	return error_set(err, ST_CONFLICT, "order %" PRId64 " is at version %d", order->id,
			 order->version);
}

static enum status check_change(const struct order *order, const struct order_condition *condition,
				struct error *err)
{
	if (order_is_cancelled(order))
		return error_set(err, ST_NOT_FOUND, "order %" PRId64 " is cancelled", order->id);
	if (!order_versions_have(&condition->match, order->version) ||
	    order_versions_have(&condition->none_match, order->version))
		return refuse(order, condition, err);
	return ST_OK;
}

static bool take_text(char *current, const char *wanted)
{
	if (strcmp(current, wanted) == 0)
		return false;
	copy_text(current, wanted);
	return true;
}

enum status order_modify(struct order *order, unsigned fields, const struct order_content *content,
			 const struct order_condition *condition, bool *changed, struct error *err)
{
	struct order_content *mine = &order->content;
	bool any = false;

	if (check_change(order, condition, err) != ST_OK)
		return err->status;
	if (fields & ORDER_PRODUCT_ID)
		any |= take_text(mine->product_id, content->product_id);
	if (fields & ORDER_PRODUCT_NAME)
		any |= take_text(mine->product_name, content->product_name);
	if (fields & ORDER_ADDRESS)
		any |= take_text(mine->address, content->address);
	if ((fields & ORDER_QTY) && mine->qty != content->qty) {
		mine->qty = content->qty;
		any = true;
	}
	if (any) {
		order->version++;
		order->last = EVENT_MODIFIED;
	}
	*changed = any;
	return ST_OK;
}

enum status order_cancel(struct order *order, const struct order_condition *condition,
			 struct error *err)
{
	if (check_change(order, condition, err) != ST_OK)
		return err->status;
	order->version++;
	order->last = EVENT_CANCELLED;
	return ST_OK;
}

bool order_is_cancelled(const struct order *order)
{
	return order->last == EVENT_CANCELLED;
}

const char *order_status(const struct order *order)
{
	return event_order_statuses[order->last];
}

struct order_event order_to_event(const struct order *order, int64_t timestamp_ms)
{
	return (struct order_event){
		.type = order->last,
		.timestamp_ms = timestamp_ms,
		.order_id = order->id,
		.version = order->version,
		.qty = order->content.qty,
		.customer_id = order->content.customer_id,
		.product_id = order->content.product_id,
		.product_name = order->content.product_name,
		.address = order->content.address,
	};
}
