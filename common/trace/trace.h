/*
 * W3C Trace Context: which trace a request or an event belongs to. It comes in the fields
 * traceparent and tracestate of a request, or the headers of these names of a message, and goes on
 * in the same ones (https://www.w3.org/TR/trace-context-2/). Pure.
 *
 * What has no trace has no struct trace, only NULL: it costs nothing.
 *
 * Invariant: trace and span are not all zeros, and state is a list that tracestate allows.
 *
 * Threads: any; a trace has one owner, and is not changed once others see it.
 */
#ifndef COMMON_TRACE_TRACE_H
#define COMMON_TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_ID_BYTES      16
#define TRACE_SPAN_BYTES    8
#define TRACE_ID_SIZE       33 /* in hexadecimal, and the NUL */
#define TRACE_PARENT_SIZE   56 /* traceparent, and the NUL */
#define TRACE_STATE_MAX     512
#define TRACE_STATE_MEMBERS 32

#define TRACE_PARENT_HEADER "traceparent"
#define TRACE_STATE_HEADER  "tracestate"

#define TRACE_SAMPLED 1 /* of flags: whoever called records its part */
#define TRACE_RANDOM  2 /* the last seven bytes of the trace's id are random */

/* What traceparent says. */
struct trace_parent {
	uint8_t id[TRACE_ID_BYTES];     /* the trace's */
	uint8_t span[TRACE_SPAN_BYTES]; /* whoever called is in this one */
	uint8_t flags;
};

struct trace {
	struct trace_parent at;           /* where it is now: this is what goes on */
	uint8_t caller[TRACE_SPAN_BYTES]; /* the span before it; zeros: none, the trace begins */
	bool recorded;                    /* at.span is exported by us */
	char state[];                     /* tracestate; empty: none */
};

/* Reads text[0..len), a traceparent of any version that there may be. False: it says nothing. */
bool trace_parent_read(const char *text, size_t len, struct trace_parent *parent);

/* As version 00. */
void trace_parent_write(const struct trace_parent *parent, char text[TRACE_PARENT_SIZE]);

/*
 * Reads text[0..len), a tracestate, into state without blanks and empty members. What is longer
 * than TRACE_STATE_MAX loses members of more than 128 characters, then the last ones. False: it is
 * none, or empty; state is empty then.
 */
bool trace_state_read(const char *text, size_t len, char state[TRACE_STATE_MAX + 1]);

/* At the parent, with state; nothing is recorded. Returns owned (free); NULL: out of memory. */
struct trace *trace_new(const struct trace_parent *parent, const char *state);

/* Reads both; state NULL: none. NULL: there is no trace in them, or out of memory. */
struct trace *trace_read(const char *parent, size_t parent_len, const char *state,
			 size_t state_len);

/* bytes in lower-case hexadecimal, and a NUL. */
void trace_hex(const uint8_t *bytes, size_t count, char *text);

/* For a log line: " trace_id=..." with its blank; nothing without a trace. */
#define TRACE_FIELD_SIZE 48
struct trace_field {
	char text[TRACE_FIELD_SIZE];
};
struct trace_field trace_field(const struct trace *trace);
#define TRACE_FIELD(trace) (trace_field(trace).text)

#endif
