#include "common/outbox/relay_spans.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/kafka/kafka_producer.h"
#include "common/runtime/clock.h"

#define POSTGRES_EPOCH_US 946684800000000 /* 2000-01-01, from which created_us counts */

struct row_span {
	struct relay_spans_row row;
	struct trace_parent at;
	uint8_t caller[TRACE_SPAN_BYTES];
	int64_t end_us; /* 0: not acknowledged yet */
};

struct relay_spans {
	struct otlp *otlp;
	struct row_span list[RELAY_BATCH_MAX]; /* in the ledger's order */
	size_t count;
};

enum status relay_spans_open(struct relay_spans **out, struct otlp *otlp, struct error *err)
{
	*out = NULL;
	if (!otlp)
		return ST_OK;
	*out = malloc(sizeof(**out));
	if (!*out)
		return error_set(err, ST_INTERNAL, "out of memory");
	(*out)->otlp = otlp;
	(*out)->count = 0;
	return ST_OK;
}

void relay_spans_close(struct relay_spans *spans)
{
	free(spans);
}

void relay_spans_begin(struct relay_spans *spans)
{
	if (spans)
		spans->count = 0;
}

/* The last one counts, as for whoever reads the message. */
static struct message_header *parent_among(struct message_header *headers, size_t count)
{
	while (count > 0) {
		struct message_header *header = &headers[--count];

		if (strcmp(header->name, TRACE_PARENT_HEADER) == 0)
			return header;
	}
	return NULL;
}

void relay_spans_enter(struct relay_spans *spans, const struct relay_spans_row *row,
		       struct message_header *headers, size_t count, char text[TRACE_PARENT_SIZE])
{
	struct message_header *header = spans ? parent_among(headers, count) : NULL;
	struct row_span span = { .row = *row };

	if (!header || !header->value || spans->count == RELAY_BATCH_MAX ||
	    !trace_parent_read(header->value, header->len, &span.at) ||
	    !(span.at.flags & TRACE_SAMPLED))
		return;
	memcpy(span.caller, span.at.span, sizeof(span.caller));
	otlp_new_span(span.at.span);
	trace_parent_write(&span.at, text);
	header->value = text;
	header->len = TRACE_PARENT_SIZE - 1;
	spans->list[spans->count++] = span;
}

static int compare_numbers(const void *key, const void *element)
{
	size_t number = *(const size_t *)key,
	       other = ((const struct row_span *)element)->row.number;

	return (number > other) - (number < other);
}

void relay_spans_acknowledged(struct relay_spans *spans, size_t number)
{
	struct row_span *span = spans ? bsearch(&number, spans->list, spans->count,
						sizeof(spans->list[0]), compare_numbers)
				      : NULL;

	if (span)
		span->end_us = clock_wall_us();
}

/* The names are those of OpenTelemetry's semantic conventions for messaging, and the project's own.
 */
static void export(struct otlp *otlp, const struct row_span *s, const char *error)
{
	struct otlp_span span = {
		.at = &s->at,
		.caller = s->caller,
		.kind = OTLP_PRODUCER,
		.start_us = s->row.created_us + POSTGRES_EPOCH_US,
		.end_us = s->end_us ? s->end_us : clock_wall_us(),
		.name = "send",
		.name_end = s->row.topic,
		.error = error,
	};
	int64_t order_id;

	otlp_span_text(&span, "messaging.system", "kafka");
	otlp_span_text(&span, "messaging.operation.name", "send");
	otlp_span_text(&span, "messaging.operation.type", "send");
	otlp_span_text(&span, "messaging.destination.name", s->row.topic);
	otlp_span_bytes(&span, "messaging.kafka.message.key", s->row.key, s->row.key_len);
	if (s->row.key && parse_i64(s->row.key, s->row.key_len, 1, INT64_MAX, &order_id))
		otlp_span_number(&span, "order.id", order_id);
	otlp_span_text(&span, "event.type", s->row.type);
	otlp_span_text(&span, "error.type", error);
	otlp_end(otlp, &span);
}

void relay_spans_end(struct relay_spans *spans, const struct relay_ledger *ledger)
{
	for (size_t i = 0; spans && i < spans->count; i++) {
		const struct row_span *span = &spans->list[i];
		const struct relay_row *row = &ledger->rows[span->row.number];

		if (row->verdict == RELAY_ACKED)
			export(spans->otlp, span, NULL);
		else if (row->verdict == RELAY_REFUSED)
			export(spans->otlp, span, kafka_producer_reason(row->reason));
	}
}
