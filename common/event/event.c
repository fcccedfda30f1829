#include "common/event/event.h"

#include <string.h>

const char *const event_order_names[] = { "OrderPlaced", "OrderModified", "OrderCancelled", NULL };

const char *const event_delivery_names[] = { "DeliveryStarted", "DeliveryModified",
					     "DeliveryCancelled", NULL };

const char *const event_order_statuses[] = { "ORDER PLACED", "ORDER MODIFIED", "ORDER CANCELLED",
					     NULL };

const char *const event_delivery_statuses[] = { "DELIVERY STARTED", "DELIVERY MODIFIED",
						"DELIVERY CANCELLED", NULL };

bool event_type_find(const char *const *names, const char *text, size_t len, enum event_type *out)
{
	for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
		if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0) {
			*out = (enum event_type)i;
			return true;
		}
	}
	return false;
}

bool event_order_type(const char *text, size_t len, enum event_type *out)
{
	return event_type_find(event_order_names, text, len, out);
}

/* FNV-1a, 64 bits. */
#define FNV_BASIS 14695981039346656037ULL
#define FNV_PRIME 1099511628211ULL

static uint64_t add_number(uint64_t hash, uint64_t number)
{
	for (int shift = 0; shift < 64; shift += 8)
		hash = (hash ^ (number >> shift & 0xff)) * FNV_PRIME;
	return hash;
}

/* With its NUL, so that what ends one text does not begin the next. NULL: none is said. */
static uint64_t add_text(uint64_t hash, const char *text)
{
	const size_t len = text ? strlen(text) + 1 : 0;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * FNV_PRIME;
	return hash;
}

int64_t event_content(const struct order_event *e)
{
	uint64_t hash = add_number(FNV_BASIS, (uint64_t)e->type);

	hash = add_number(hash, (uint64_t)e->order_id);
	hash = add_number(hash, (uint64_t)e->version);
	hash = add_number(hash, (uint64_t)e->qty);
	hash = add_number(hash, (uint64_t)e->customer_id);
	hash = add_text(hash, e->product_id);
	hash = add_text(hash, e->product_name);
	hash = add_text(hash, e->address);
	return hash ? (int64_t)hash : 1;
}
