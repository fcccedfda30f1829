#include "common/http/http_trace.h"

#include <string.h>

#include "common/runtime/clock.h"

static size_t length_of(const char *text)
{
	return text ? strlen(text) : 0;
}

void http_trace_begin(struct otlp *otlp, struct http_connection *c)
{
	const char *parent = c->framing.known[HTTP_TRACEPARENT];
	const char *state = c->framing.known[HTTP_TRACESTATE];

	c->trace = otlp_begin(otlp, parent, length_of(parent), state, length_of(state));
	c->request.trace = c->trace;
}

static const char *error_of(int status)
{
	return status == 503 ? "503" : status == 504 ? "504" : status >= 500 ? "5xx" : NULL;
}

/* The names are those of OpenTelemetry's semantic conventions for HTTP servers. */
static void end(struct otlp *otlp, const struct http_connection *c, int status)
{
	int64_t now_us = clock_wall_us();
	struct otlp_span span = {
		.kind = OTLP_SERVER,
		.start_us = now_us - (clock_mono_us() - c->started_us),
		.end_us = now_us,
		.name = c->route->method,
		.name_end = c->route->path,
		.error = error_of(status),
	};

	otlp_span_text(&span, "http.request.method", c->request.method);
	otlp_span_text(&span, "http.route", c->route->path);
	otlp_span_text(&span, "url.path", c->request.path);
	otlp_span_text(&span, "url.query", c->request.query);
	otlp_span_text(&span, "url.scheme", c->tls ? "https" : "http");
	otlp_span_text(&span, "server.address", c->target.authority);
	otlp_span_text(&span, "network.protocol.version", c->framing.minor ? "1.1" : "1.0");
	otlp_span_number(&span, "http.response.status_code", status);
	otlp_span_text(&span, "error.type", span.error);
	otlp_end_trace(otlp, c->trace, &span);
}

void http_trace_end(struct otlp *otlp, const struct http_connection *c, int status)
{
	if (c->trace && c->trace->recorded)
		end(otlp, c, status);
}
