/*
 * An OpenTelemetry collector for the tests: takes POST /v1/traces in OTLP's JSON, keeps the spans,
 * and answers as the test says.
 *
 * Threads: the test's own calls it; a thread for each connection serves. They end with the process.
 */
#ifndef TESTS_SUPPORT_COLLECTOR_H
#define TESTS_SUPPORT_COLLECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct collector;

/* Its own port of 127.0.0.1. In the arena, like what it hands out. */
struct collector *collector_start(void);

/* OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:port */
const char *collector_setting(const struct collector *collector);

/* What it answers from now on: 200, and keeps the spans; another status: keeps none. 0: nothing at
 * all, it holds the connection. */
void collector_answers(struct collector *collector, int status);

/* How many POSTs came, whatever became of them; and the head of the last one. */
int64_t collector_posts(struct collector *collector);
const char *collector_head(struct collector *collector);

/* A span that was kept. NULL: there is none (yet). Texts are "" where the span has none. */
struct collector_span {
	const char *service, *name, *trace, *id, *parent, *state, *error;
	int kind;
	int64_t start_ns, end_ns;
	const json_t *attributes;
};
const struct collector_span *collector_find(struct collector *collector, const char *service,
					    const char *name, const char *trace);
int64_t collector_count(struct collector *collector);

/* An attribute, a number as text; "" without it. */
const char *collector_attribute(const struct collector_span *span, const char *key);

#endif
