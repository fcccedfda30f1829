#include "delivery-service/inbound.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/event_json.h"
#include "common/kafka_client.h"
#include "common/parse.h"

static void read_message(struct inbound *in)
{
	const rd_kafka_message_t *m = in->message;
	enum event_type type;
	const char *name;
	struct error err;
	size_t len;

	if (!kafka_header(m, "type", &name, &len)) {
		(void)snprintf(in->reason, sizeof(in->reason), "no header \"type\"");
		return;
	}
	if (!event_order_type(name, len, &type))
		return;
	if (event_decode(type, m->payload, m->len, &in->event, &err) != ST_OK)
		(void)snprintf(in->reason, sizeof(in->reason), "%.*s",
			       (int)utf8_cut(err.msg, sizeof(in->reason) - 1), err.msg);
}

struct inbound *inbound_new(rd_kafka_message_t *message, int64_t received_wall_ms)
{
	struct inbound *in = calloc(1, sizeof(*in));

	if (!in) {
		rd_kafka_message_destroy(message);
		return NULL;
	}
	in->message = message;
	in->received_wall_ms = received_wall_ms;
	read_message(in);
	return in;
}

void inbound_free(struct inbound *in)
{
	if (!in)
		return;
	free(in->event);
	rd_kafka_message_destroy(in->message);
	free(in);
}
