/*
 * The events on the topic: their types, their content, and the names the contract gives them.
 *
 * Threads: any; values only.
 */
#ifndef COMMON_EVENT_EVENT_H
#define COMMON_EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_type { EVENT_PLACED = 0, EVENT_MODIFIED, EVENT_CANCELLED };
#define EVENT_TYPE_COUNT 3

/* NULL-terminated, indexed by enum event_type: "OrderPlaced", "OrderModified", ... */
extern const char *const event_order_names[];
/* Likewise: "DeliveryStarted", "DeliveryModified", "DeliveryCancelled". */
extern const char *const event_delivery_names[];
/* Likewise: "ORDER PLACED", ... and "DELIVERY STARTED", ... */
extern const char *const event_order_statuses[];
extern const char *const event_delivery_statuses[];

/* The type whose name in names, one of the arrays above, is text; false: none is. */
bool event_type_find(const char *const *names, const char *text, size_t len, enum event_type *out);

/* The type that an OrderX header or eventType names; false for anything else. */
bool event_order_type(const char *text, size_t len, enum event_type *out);

/* An order event is at most this long on the topic; longer ones are dead letters. */
#define EVENT_PAYLOAD_MAX_BYTES 65536

/* What happened to an order. Strings are borrowed, or part of the block that event_decode made. */
struct order_event {
	enum event_type type;
	int64_t timestamp_ms;
	int64_t order_id;
	int32_t version; /* 1, 2, 3 ... ; 0: the event carries none */
	int32_t qty;
	int64_t customer_id;
	const char *product_id;
	const char *product_name;
	const char *address;
};

/*
 * A number that stands for what the event says of its order, the time apart: the same for a repeat,
 * another one for another content. Never 0. It is kept in the database: the same in all versions of
 * this program.
 */
int64_t event_content(const struct order_event *event);

#endif
