/*
 * Orders as JSON: what the REST API takes and shows. Pure: links jansson only.
 *
 * Threads: any.
 */
#ifndef ORDER_SERVICE_CORE_ORDER_JSON_H
#define ORDER_SERVICE_CORE_ORDER_JSON_H

#include <jansson.h>

#include "common/base/json_writer.h"
#include "order-service/core/order.h"

/*
 * Reads the members of body into content; *fields says which were there. allowed: the fields that
 * may come; required: those that must. Numbers may be numeric strings (httpie's field=3).
 * ST_INVALID: *field names the member at fault (borrowed from body, or static), err says why.
 */
MUST_CHECK enum status order_content_read(const json_t *body, unsigned allowed, unsigned required,
					  struct order_content *content, unsigned *fields,
					  const char **field, struct error *err);

/* The order that an event on the topic is about, OrderPlaced or DeliveryStarted and so on, by its
 * payload alone. 0: it is about none, or none of our events. payload may be NULL. */
int64_t order_json_event_id(const void *payload, size_t len);

void order_write_json(struct json_writer *w, const char *name, const struct order *order);

#endif
