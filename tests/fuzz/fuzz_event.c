/* Any bytes as the payload of an order event: read, or refused with a reason. What was read is
 * written again and must read the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/event_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(const struct order_event *event)
{
	struct order_event *again = NULL;
	struct error err;
	char *text;

	if (event->version == 0)
		return; /* the encoder writes a version always */
	text = event_encode_order(event);
	assert(text);
	if (event_decode(event->type, text, strlen(text), &again, &err) == ST_OK) {
		assert(again->order_id == event->order_id && again->version == event->version);
		assert(again->qty == event->qty && again->customer_id == event->customer_id);
		assert(strcmp(again->address, event->address) == 0);
	} else {
		assert(strlen(text) > EVENT_PAYLOAD_MAX_BYTES); /* escapes made it longer */
	}
	free(text);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
		struct order_event *event = NULL;
		struct error err = { 0 };

		if (event_decode((enum event_type)type, data, size, &event, &err) == ST_OK)
			read_again(event);
		else
			assert(err.status == ST_INVALID && err.msg[0]);
		free(event);
	}
	return 0;
}
