#include "delivery-service/inbound.h"

#include <stdlib.h>
#include <string.h>

#include "common/event_json.h"
#include "common/kafka_client.h"
#include "common/parse.h"

void inbound_refuse(struct inbound *in, const char *reason)
{
	size_t len = utf8_cut(reason, sizeof(in->reason) - 1);

	free(in->event);
	in->event = NULL;
	memcpy(in->reason, reason, len);
	in->reason[len] = '\0';
}

static void read_message(struct inbound *in)
{
	const rd_kafka_message_t *m = in->message;
	enum event_type type;
	const char *name;
	struct error err;
	size_t len;

	if (!kafka_header(m, "type", &name, &len)) {
		inbound_refuse(in, "no header \"type\"");
		return;
	}
	if (!event_order_type(name, len, &type))
		return;
	if (event_decode(type, m->payload, m->len, &in->event, &err) != ST_OK)
		inbound_refuse(in, err.msg);
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
