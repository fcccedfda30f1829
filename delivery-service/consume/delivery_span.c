#include "delivery-service/consume/delivery_span.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/runtime/clock.h"

struct trace *delivery_span_begin(struct otlp *otlp, const struct message *m)
{
	const char *parent = NULL, *state = NULL;
	size_t parent_len = 0, state_len = 0;

	if (message_header_text(m, TRACE_PARENT_HEADER, &parent, &parent_len))
		(void)message_header_text(m, TRACE_STATE_HEADER, &state, &state_len);
	return otlp_begin(otlp, parent, parent_len, state, state_len);
}

static const char *outcome_of(const struct batch_event *event)
{
	static const char *const names[] = {
		[DELIVERY_APPLY] = "apply",       [DELIVERY_DUPLICATE] = "duplicate",
		[DELIVERY_UNKNOWN] = "unknown",   [DELIVERY_PARK] = "park",
		[DELIVERY_TOO_LATE] = "too_late", [DELIVERY_CONFLICT] = "conflict",
	};

	return event->record->event ? names[event->decision.verdict] : "unreadable";
}

static const char *error_of(const struct batch_event *event)
{
	if (!event->record->event)
		return event_record_reason(event->record);
	return delivery_refusal(event->decision.verdict);
}

static void add_order(struct otlp_span *span, const struct order_event *e)
{
	otlp_span_number(span, "order.id", e->order_id);
	otlp_span_number(span, "order.version", e->version);
	otlp_span_text(span, "event.type", event_order_names[e->type]);
}

/* The names are those of OpenTelemetry's semantic conventions for messaging, and the project's own.
 */
static void end(const struct delivery_span_config *c, const struct batch_event *event)
{
	const struct event_record *record = event->record;
	char partition[16];
	struct otlp_span span = {
		.kind = OTLP_CONSUMER,
		.start_us = record->received_wall_ms * 1000,
		.end_us = clock_wall_us(),
		.name = "process",
		.name_end = c->topic,
		.error = error_of(event),
	};

	(void)snprintf(partition, sizeof(partition), "%" PRId32, record->at.partition);
	otlp_span_text(&span, "messaging.system", "kafka");
	otlp_span_text(&span, "messaging.operation.name", "process");
	otlp_span_text(&span, "messaging.operation.type", "process");
	otlp_span_text(&span, "messaging.destination.name", c->topic);
	otlp_span_text(&span, "messaging.destination.partition.id", partition);
	otlp_span_number(&span, "messaging.kafka.offset", record->at.offset);
	otlp_span_text(&span, "messaging.consumer.group.name", c->group);
	otlp_span_text(&span, "messaging.client.id", c->replica);
	if (record->event)
		add_order(&span, record->event);
	otlp_span_text(&span, "delivery.outcome", outcome_of(event));
	if (span.error)
		otlp_span_text(&span, "error.type", outcome_of(event));
	otlp_end_trace(c->otlp, record->trace, &span);
}

void delivery_span_end(const struct delivery_span_config *c, const struct batch_event *event)
{
	if (event->record->trace && event->record->trace->recorded)
		end(c, event);
}
