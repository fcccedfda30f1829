#include "common/http/http_framing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	bool list;
} known[HTTP_KNOWN_COUNT] = {
	[HTTP_HOST] = { "Host", false },
	[HTTP_ORIGIN] = { "Origin", false },
	[HTTP_EXPECT] = { "Expect", false },
	[HTTP_CONTENT_LENGTH] = { "Content-Length", false },
	[HTTP_TRANSFER_ENCODING] = { "Transfer-Encoding", false },
	[HTTP_IF_MATCH] = { "If-Match", true },
	[HTTP_CONTENT_TYPE] = { "Content-Type", false },
	[HTTP_IF_NONE_MATCH] = { "If-None-Match", true },
	[HTTP_IDEMPOTENCY_KEY] = { "Idempotency-Key", false },
	[HTTP_CONTENT_ENCODING] = { "Content-Encoding", true },
	/* Two are no error of the request: joined, they are no trace. */
	[HTTP_TRACEPARENT] = { "traceparent", true },
	[HTTP_TRACESTATE] = { "tracestate", true },
	[HTTP_AUTHORIZATION] = { "Authorization", false },
};

static void refuse(struct http_framing *framing, int status, const char *why)
{
	if (framing->refusal.status == 0)
		framing->refusal = (struct http_refusal){ status, why };
}

static bool is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) &&
		    (text[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", text[i])))
			return false;
	}
	return len > 0;
}

void http_framing_begin(struct http_framing *framing, const char *method, const char *version)
{
	*framing = (struct http_framing){ .minor = strcmp(version, "HTTP/1.0") != 0 };
	if (!is_token(method, strlen(method)))
		refuse(framing, 400,
		       "the request line must be: method, blank, target, blank, "
		       "HTTP/1.1");
}

/* The field's number; HTTP_KNOWN_COUNT: none. */
static size_t number_of(const char *name, size_t len)
{
	size_t i = 0;

	while (i < HTTP_KNOWN_COUNT &&
	       (strlen(known[i].name) != len || strncasecmp(known[i].name, name, len) != 0))
		i++;
	return i;
}

/* Once more the list: its lines' values are one, in their order. */
static void join(struct http_framing *framing, size_t number, const char *value)
{
	const char *before = framing->known[number];
	const size_t size = strlen(before) + strlen(", ") + strlen(value) + 1;
	char *joined = malloc(size);

	if (!joined) {
		refuse(framing, 503, "out of memory");
		return;
	}
	(void)snprintf(joined, size, "%s, %s", before, value);
	free(framing->joined[number]);
	framing->known[number] = framing->joined[number] = joined;
}

static void note(struct http_framing *framing, const char *name, size_t name_len, const char *value)
{
	const size_t number = number_of(name, name_len);

	if (number == HTTP_KNOWN_COUNT)
		return;
	if (!framing->known[number])
		framing->known[number] = value;
	else if (known[number].list)
		join(framing, number, value);
	else
		refuse(framing, 400, "a field that may come once came twice");
}

void http_framing_field(struct http_framing *framing, const char *name, size_t name_len,
			const char *value, size_t value_len)
{
	if (!is_token(name, name_len))
		refuse(framing, 400, "a field's name must be letters, digits and !#$%&'*+-.^_`|~");
	for (size_t i = 0; i < value_len; i++) {
		unsigned char c = (unsigned char)value[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			refuse(framing, 400, "a field's value has a control character");
	}
	note(framing, name, name_len, value);
}

/* Only digits, and only once: a list of equal lengths is not worth the doubt. */
static void read_length(struct http_framing *framing, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	if (digits == 0 || value[digits])
		refuse(framing, 400, "Content-Length must be one whole number");
	for (size_t i = 0; i < digits && framing->length <= HTTP_BODY_READ_MAX_BYTES; i++)
		framing->length = framing->length * 10 + (size_t)(value[i] - '0');
}

/* The list's codings: chunked is the last, and there is no other. The library knows it only if
 * nothing stands beside it, not even the empty elements that a list may have. */
static void read_codings(struct http_framing *framing, const char *list)
{
	const bool alone = strcasecmp(list, "chunked") == 0;
	size_t codings = 0;

	while (*list) {
		size_t span;

		list += strspn(list, " \t,");
		span = strcspn(list, " \t,");
		if (span > 0 && framing->chunked) /* once, and nothing behind it */
			refuse(framing, 400, "chunked must be the last transfer coding");
		framing->chunked = span == 7 && strncasecmp(list, "chunked", 7) == 0;
		codings += span > 0;
		list += span + strspn(list + span, " \t,");
	}
	if (!framing->chunked)
		refuse(framing, 400, "the last transfer coding must be chunked");
	if (codings > 1)
		refuse(framing, 501, "the only transfer coding here is chunked");
	if (!alone)
		refuse(framing, 400, "nothing may stand beside chunked in Transfer-Encoding");
}

struct http_refusal http_framing_end(struct http_framing *framing)
{
	const char *length = framing->known[HTTP_CONTENT_LENGTH];
	const char *codings = framing->known[HTTP_TRANSFER_ENCODING];
	const char *expect = framing->known[HTTP_EXPECT];

	if (!framing->known[HTTP_HOST] && framing->minor > 0)
		refuse(framing, 400, "the field Host is missing");
	if (length && codings)
		refuse(framing, 400, "either Content-Length or Transfer-Encoding, not both");
	if (codings && framing->minor == 0)
		refuse(framing, 400, "HTTP/1.0 has no Transfer-Encoding");
	if (length)
		read_length(framing, length);
	if (codings)
		read_codings(framing, codings);
	if (expect && framing->minor > 0 && strcasecmp(expect, "100-continue") != 0)
		refuse(framing, 417, "the only expectation here is 100-continue");
	return framing->refusal;
}

const char *http_framing_value(const struct http_framing *framing, const char *name, bool *is_known)
{
	const size_t number = number_of(name, strlen(name));

	*is_known = number < HTTP_KNOWN_COUNT;
	return *is_known ? framing->known[number] : NULL;
}

void http_framing_fini(struct http_framing *framing)
{
	for (size_t i = 0; i < HTTP_KNOWN_COUNT; i++) {
		free(framing->joined[i]);
		framing->joined[i] = NULL;
		framing->known[i] = NULL;
	}
}
