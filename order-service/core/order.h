/*
 * An order and its rules. Pure: no I/O, no clock.
 *
 * Invariant: version counts the changes 1, 2, 3 ... without gaps; every change makes exactly one
 * event, and what changes nothing makes none.
 *
 * Threads: any; values only.
 */
#ifndef ORDER_SERVICE_CORE_ORDER_H
#define ORDER_SERVICE_CORE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/event/event.h"

/* In characters, as the SQL columns; a character has at most 4 bytes of UTF-8. */
#define PRODUCT_ID_MAX      64
#define PRODUCT_NAME_MAX    255
#define ADDRESS_MAX         255
#define IDEMPOTENCY_KEY_MAX 255 /* visible ASCII: bytes */
#define QTY_MAX             INT32_MAX

/* What a customer asks for. */
struct order_content {
	int64_t customer_id;
	int32_t qty;
	char product_id[PRODUCT_ID_MAX * 4 + 1];
	char product_name[PRODUCT_NAME_MAX * 4 + 1];
	char address[ADDRESS_MAX * 4 + 1];
};

struct order {
	int64_t id;
	int32_t version;
	enum event_type last; /* the latest event; gives the status */
	struct order_content content;
};

/* Which fields of a change are given. */
enum order_field {
	ORDER_CUSTOMER_ID = 1,
	ORDER_PRODUCT_ID = 2,
	ORDER_PRODUCT_NAME = 4,
	ORDER_QTY = 8,
	ORDER_ADDRESS = 16,
};
#define ORDER_FIELDS_ALL        31
#define ORDER_FIELDS_CHANGEABLE (ORDER_FIELDS_ALL & ~ORDER_CUSTOMER_ID)

/* The versions that a condition names. */
#define ORDER_VERSIONS_MAX 16
struct order_versions {
	bool any; /* whatever the version is */
	uint8_t count;
	int32_t list[ORDER_VERSIONS_MAX];
};

/* What a change asks of the order's version: to be one of these, and none of those. */
struct order_condition {
	struct order_versions match, none_match;
};

bool order_versions_have(const struct order_versions *versions, int32_t version);

/* The order as it is placed: version 1. */
void order_place(struct order *order, int64_t id, const struct order_content *content);

/*
 * Takes over the given fields. *changed: whether that made a new version (an event is due).
 * ST_NOT_FOUND: it is cancelled. ST_CONFLICT: the condition does not hold.
 */
MUST_CHECK enum status order_modify(struct order *order, unsigned fields,
				    const struct order_content *content,
				    const struct order_condition *condition, bool *changed,
				    struct error *err);

/* Cancels; errors as order_modify. */
MUST_CHECK enum status order_cancel(struct order *order, const struct order_condition *condition,
				    struct error *err);

bool order_is_cancelled(const struct order *order);
const char *order_status(const struct order *order);

/* The event of the order's latest change. Its strings are borrowed from order. */
struct order_event order_to_event(const struct order *order, int64_t timestamp_ms);

#endif
