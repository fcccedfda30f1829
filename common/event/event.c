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
