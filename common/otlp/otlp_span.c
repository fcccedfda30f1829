#include "common/otlp/otlp_span.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/utf8.h"

#define STATUS_ERROR 2

/* --- attributes ---------------------------------------------------------------------------- */

static void add(struct otlp_span *span, const struct otlp_attribute *attribute)
{
	if (span->attribute_count < OTLP_ATTRIBUTES_MAX)
		span->attributes[span->attribute_count++] = *attribute;
}

void otlp_span_bytes(struct otlp_span *span, const char *key, const void *bytes, size_t len)
{
	if (bytes)
		add(span, &(struct otlp_attribute){ .key = key, .text = bytes, .len = len });
}

void otlp_span_text(struct otlp_span *span, const char *key, const char *text)
{
	if (text)
		otlp_span_bytes(span, key, text, strlen(text));
}

void otlp_span_number(struct otlp_span *span, const char *key, int64_t number)
{
	add(span, &(struct otlp_attribute){ .key = key, .number = number });
}

/* --- JSON ---------------------------------------------------------------------------------- */

/* Adds the first character of text, or ? for a byte of none; returns its length. */
static size_t put_character(const char *text, size_t room, struct strbuf *out)
{
	size_t len = utf8_first(text, room);

	if (len == 0)
		strbuf_puts(out, "?");
	else if (*text == '"' || *text == '\\')
		strbuf_printf(out, "\\%c", *text);
	else if ((unsigned char)*text < 0x20)
		strbuf_printf(out, "\\u%04x", (unsigned)(unsigned char)*text);
	else
		strbuf_add(out, text, len);
	return len > 0 ? len : 1;
}

void otlp_span_quote(const char *text, size_t len, struct strbuf *out)
{
	strbuf_puts(out, "\"");
	if (len > OTLP_TEXT_MAX)
		len = OTLP_TEXT_MAX;
	for (size_t i = 0; i < len;)
		i += put_character(text + i, len - i, out);
	strbuf_puts(out, "\"");
}

static void put_attribute(const struct otlp_attribute *a, struct strbuf *out)
{
	strbuf_printf(out, "{\"key\":\"%s\",\"value\":{", a->key);
	if (a->text) {
		strbuf_puts(out, "\"stringValue\":");
		otlp_span_quote(a->text, a->len, out);
	} else {
		strbuf_printf(out, "\"intValue\":\"%" PRId64 "\"", a->number);
	}
	strbuf_puts(out, "}}");
}

static bool has_caller(const struct otlp_span *span)
{
	static const uint8_t none[TRACE_SPAN_BYTES];

	return memcmp(span->caller, none, sizeof(none)) != 0;
}

static void put_ids(const struct otlp_span *span, struct strbuf *out)
{
	char trace[TRACE_ID_SIZE], hex[2 * TRACE_SPAN_BYTES + 1];

	trace_hex(span->at->id, sizeof(span->at->id), trace);
	trace_hex(span->at->span, sizeof(span->at->span), hex);
	strbuf_printf(out, "\"traceId\":\"%s\",\"spanId\":\"%s\",\"flags\":%u", trace, hex,
		      span->at->flags);
	if (has_caller(span)) {
		trace_hex(span->caller, TRACE_SPAN_BYTES, hex);
		strbuf_printf(out, ",\"parentSpanId\":\"%s\"", hex);
	}
}

/* Quotes and backslashes are all that its characters need. */
static void put_state(const char *state, struct strbuf *out)
{
	strbuf_puts(out, ",\"traceState\":\"");
	for (; *state; state++)
		(void)put_character(state, 1, out);
	strbuf_puts(out, "\"");
}

static void put_error(const char *error, struct strbuf *out)
{
	strbuf_printf(out, ",\"status\":{\"code\":%d,\"message\":", STATUS_ERROR);
	otlp_span_quote(error, strlen(error), out);
	strbuf_puts(out, "}");
}

void otlp_span_write(const struct otlp_span *span, struct strbuf *out)
{
	int64_t end_us = span->end_us > span->start_us ? span->end_us : span->start_us;

	strbuf_puts(out, "{");
	put_ids(span, out);
	if (span->state && *span->state)
		put_state(span->state, out);
	strbuf_printf(out, ",\"name\":\"%s %s\",\"kind\":%d", span->name, span->name_end,
		      (int)span->kind);
	strbuf_printf(out, ",\"startTimeUnixNano\":\"%" PRId64 "000\"", span->start_us);
	strbuf_printf(out, ",\"endTimeUnixNano\":\"%" PRId64 "000\"", end_us);
	strbuf_puts(out, ",\"attributes\":[");
	for (size_t i = 0; i < span->attribute_count; i++) {
		strbuf_puts(out, i > 0 ? "," : "");
		put_attribute(&span->attributes[i], out);
	}
	strbuf_puts(out, "]");
	if (span->error)
		put_error(span->error, out);
	strbuf_puts(out, "}");
}
