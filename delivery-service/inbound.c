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

static bool header_number(const rd_kafka_message_t *m, const char *name, int64_t max, int64_t *out)
{
	const char *text;
	size_t len;

	return kafka_header(m, name, &text, &len) && parse_i64(text, len, 0, max, out);
}

/* A dead letter that was replayed brings the headers that dead_letter.c gave it. */
static struct place origin_of(const rd_kafka_message_t *m)
{
	struct place here = { m->partition, m->offset };
	const char *topic, *this_topic = rd_kafka_topic_name(m->rkt);
	int64_t partition, offset;
	size_t len;

	if (!kafka_header(m, "x-original-topic", &topic, &len) || len != strlen(this_topic) ||
	    memcmp(topic, this_topic, len) != 0 ||
	    !header_number(m, "x-original-partition", INT32_MAX, &partition) ||
	    !header_number(m, "x-original-offset", INT64_MAX, &offset))
		return here;
	return (struct place){ (int32_t)partition, offset };
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
	in->place = (struct place){ message->partition, message->offset };
	in->origin = origin_of(message);
	in->received_wall_ms = received_wall_ms;
	read_message(in);
	return in;
}

struct inbound *inbound_parked(struct order_event *event, struct place place,
			       int64_t received_wall_ms)
{
	struct inbound *in = calloc(1, sizeof(*in));

	if (!in) {
		free(event);
		return NULL;
	}
	in->event = event;
	in->place = place;
	in->origin = place;
	in->decision.verdict = DELIVERY_PARK;
	in->received_wall_ms = received_wall_ms;
	return in;
}

void inbound_free(struct inbound *in)
{
	if (!in)
		return;
	free(in->event);
	if (in->message)
		rd_kafka_message_destroy(in->message);
	free(in);
}
