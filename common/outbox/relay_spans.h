/*
 * The spans of a batch: the time of a row in the outbox, from the transaction that wrote it to the
 * acknowledgement. A row whose trace is recorded gets one, and its message says that it comes from
 * there. A row that has to come again gets another span with its next batch.
 *
 * Threads: the relay's.
 */
#ifndef COMMON_OUTBOX_RELAY_SPANS_H
#define COMMON_OUTBOX_RELAY_SPANS_H

#include "common/event/message.h"
#include "common/otlp/otlp.h"
#include "common/outbox/relay_ledger.h"

struct relay_spans;

/* Texts are borrowed until relay_spans_end. */
struct relay_spans_row {
	size_t number; /* in the ledger */
	int64_t created_us;
	const char *topic, *type, *key; /* type, key: NULL: none */
	size_t key_len;
};

/* *out is NULL if otlp is: nothing is exported. otlp is borrowed. ST_INTERNAL: out of memory. */
MUST_CHECK enum status relay_spans_open(struct relay_spans **out, struct otlp *otlp,
					struct error *err);
void relay_spans_close(struct relay_spans *spans);

/* spans may be NULL from here on. A batch begins. */
void relay_spans_begin(struct relay_spans *spans);

/* Begins the row's span if traceparent among its headers says that its trace is recorded, and puts
 * the span there, in text. */
void relay_spans_enter(struct relay_spans *spans, const struct relay_spans_row *row,
		       struct message_header *headers, size_t count, char text[TRACE_PARENT_SIZE]);

/* The row is acknowledged now; else it is at relay_spans_end. */
void relay_spans_acknowledged(struct relay_spans *spans, size_t number);

/* Exports those of the rows that Kafka has, or refused. */
void relay_spans_end(struct relay_spans *spans, const struct relay_ledger *ledger);

#endif
