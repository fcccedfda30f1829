/*
 * The wire format of the events (JSON), as the contract writes it. Pure: links jansson only.
 *
 * Reading is lenient where services of the same lab differ (unknown fields, numeric strings, no
 * version), strict in everything that an effect is built from.
 *
 * Threads: any.
 */
#ifndef COMMON_EVENT_EVENT_JSON_H
#define COMMON_EVENT_EVENT_JSON_H

#include <jansson.h>

#include "common/base/error.h"
#include "common/event/event.h"

/*
 * payload[0..len) as an event of the given type. Returns owned: one block, strings included, freed
 * with free(). ST_INVALID: not JSON, a field missing or of the wrong type or range, another
 * eventType, or over EVENT_PAYLOAD_MAX_BYTES; the text names the field.
 */
MUST_CHECK enum status event_decode(enum event_type type, const void *payload, size_t len,
				    struct order_event **out, struct error *err);

/* The same of a payload that is parsed already, which is borrowed. */
MUST_CHECK enum status event_decode_json(enum event_type type, const json_t *root,
					 struct order_event **out, struct error *err);

/* The Order* payload. Returns owned text (free), NULL when out of memory or not UTF-8. */
char *event_encode_order(const struct order_event *event);

/* The Delivery* payload that answers event: the delivery's id and the time of the effect. */
char *event_encode_delivery(const struct order_event *event, int64_t delivery_id,
			    int64_t timestamp_ms);

#endif
