/*
 * Exports spans to an OpenTelemetry collector: OTLP over HTTP in JSON, POST <endpoint>/v1/traces.
 *
 * Off, struct otlp is NULL. A span that has ended is text in a queue from then on; a thread sends
 * what is there, 512 spans at most at once, each second or when so many have come.
 *
 * Invariant: nobody waits for the collector. The queue is bounded (otlp_queue.h); what finds no
 * room is dropped and counted. What the collector cannot take now is tried again; what it refuses
 * is dropped and counted. Close sends what is queued, for OTLP_FLUSH_MS at most.
 *
 * Not a part of /readyz: a service without its collector does its work.
 *
 * Threads: open and close from main, close after all others; the rest from any. open makes the
 * thread that sends, which alone uses libcurl.
 */
#ifndef COMMON_OTLP_OTLP_H
#define COMMON_OTLP_OTLP_H

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/otlp/otlp_sampler.h"
#include "common/otlp/otlp_span.h"
#include "common/trace/trace.h"

#define OTLP_FLUSH_MS 2000

struct otlp;

/* Texts are borrowed until close. */
struct otlp_config {
	const char *endpoint; /* OTEL_EXPORTER_OTLP_ENDPOINT; empty: off */
	const char *headers;  /* OTEL_EXPORTER_OTLP_HEADERS: name=value,name=value */
	int64_t timeout_ms;   /* of one POST */
	enum otlp_sampling sampling;
	const char *ratio;
	const char *service; /* service.name */
	const char *replica; /* service.instance.id */
};

/* *out is NULL if it is off. ST_INVALID: a setting. ST_INTERNAL: no memory, no thread. */
MUST_CHECK enum status otlp_open(struct otlp **out, const struct otlp_config *config,
				 struct error *err);
/* otlp may be NULL, here and below. */
void otlp_close(struct otlp *otlp);

/*
 * The trace of a request or a message with these headers, NULL: not sent. One that is recorded is
 * in a span of ours from here on, which ends with otlp_end. Headers that say nothing begin another
 * trace. Without headers one begins only if spans are exported. Returns owned (free); NULL: none.
 */
struct trace *otlp_begin_with(struct otlp *otlp, const char *parent, size_t parent_len,
			      const char *state, size_t state_len);

static inline struct trace *otlp_begin(struct otlp *otlp, const char *parent, size_t parent_len,
				       const char *state, size_t state_len)
{
	return otlp || parent ? otlp_begin_with(otlp, parent, parent_len, state, state_len) : NULL;
}

/* The same of a trace that was read elsewhere. NULL: nothing. */
void otlp_adopt(struct otlp *otlp, struct trace *trace);

/* A new span of ours. */
void otlp_new_span(uint8_t span[TRACE_SPAN_BYTES]);

/* Queues span, which is recorded. It never waits. */
void otlp_end(struct otlp *otlp, const struct otlp_span *span);

/* The same with the names of trace, which is recorded. */
void otlp_end_trace(struct otlp *otlp, const struct trace *trace, struct otlp_span *span);

/* Zeros where it is off. */
void otlp_metrics(struct otlp *otlp, struct metrics_out *out);

#endif
