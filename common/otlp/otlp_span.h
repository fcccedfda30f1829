/*
 * A span: what was done, from when to when, within a trace; and its text in OTLP's JSON
 * (https://opentelemetry.io/docs/specs/otlp/). Pure.
 *
 * Threads: values only.
 */
#ifndef COMMON_OTLP_OTLP_SPAN_H
#define COMMON_OTLP_OTLP_SPAN_H

#include "common/base/strbuf.h"
#include "common/trace/trace.h"

/* The protocol's numbers. */
enum otlp_kind { OTLP_SERVER = 2, OTLP_PRODUCER = 4, OTLP_CONSUMER = 5 };

/* A text or a number. Names are OpenTelemetry's semantic conventions where they have one. */
struct otlp_attribute {
	const char *key;
	const char *text; /* NULL: number */
	size_t len;
	int64_t number;
};

#define OTLP_ATTRIBUTES_MAX 14
#define OTLP_TEXT_MAX       256 /* bytes of a text that are kept */
#define OTLP_SPAN_MAX       8192

/* Everything is borrowed. */
struct otlp_span {
	const struct trace_parent *at; /* the span's own */
	const uint8_t *caller;         /* the span around it; zeros: none */
	const char *state;             /* tracestate; NULL, or empty: none */
	enum otlp_kind kind;
	int64_t start_us, end_us;    /* wall clock */
	const char *name, *name_end; /* "POST" and "/orders": one blank between them */
	const char *error;           /* it failed, and why; NULL: it did not */
	struct otlp_attribute attributes[OTLP_ATTRIBUTES_MAX];
	size_t attribute_count;
};

/* Adds an attribute. text NULL: none is added. What has no room is left out. */
void otlp_span_text(struct otlp_span *span, const char *key, const char *text);
void otlp_span_bytes(struct otlp_span *span, const char *key, const void *bytes, size_t len);
void otlp_span_number(struct otlp_span *span, const char *key, int64_t number);

/* As a member of OTLP's list "spans". A span ends no earlier than it begins. */
void otlp_span_write(const struct otlp_span *span, struct strbuf *out);

/* text[0..len) as a string with its quotes, cut to OTLP_TEXT_MAX; what is no UTF-8 becomes ?. */
void otlp_span_quote(const char *text, size_t len, struct strbuf *out);

#endif
