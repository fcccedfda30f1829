/*
 * Judges a request's head where two readers could understand it differently, RFC 9112 sections 3.2,
 * 5 and 6: whatever is in doubt is refused, and the connection must be closed then, since nobody
 * knows where the next request begins. Pure.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_HTTP_FRAMING_H
#define COMMON_HTTP_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_BODY_MAX_BYTES 65536

/* A body that is refused is read up to here, so that its sender hears the answer. */
#define HTTP_BODY_READ_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define HTTP_BODY_TOO_LARGE      "the body may have at most 65536 bytes"

/* Of head and trailers: their bytes, and what the library keeps beside each field. */
#define HTTP_FIELDS_MAX_BYTES 15360
#define HTTP_FIELDS_TOO_LARGE "head and trailers are too long"

/* What of a request is refused, and why: a status, and a sentence that never changes. 0: nothing.
 */
struct http_refusal {
	int status;
	const char *why;
};

/* Fields that somebody here looks at. What is a list may come in several lines, and is joined; the
 * others, and what decides where the request ends, may come once at most. */
enum http_known {
	HTTP_HOST,
	HTTP_ORIGIN,
	HTTP_EXPECT,
	HTTP_CONTENT_LENGTH,
	HTTP_TRANSFER_ENCODING,
	HTTP_IF_MATCH,
	HTTP_CONTENT_TYPE,
	HTTP_IF_NONE_MATCH,
	HTTP_IDEMPOTENCY_KEY,
	HTTP_CONTENT_ENCODING,
	HTTP_TRACEPARENT,
	HTTP_TRACESTATE,
	HTTP_AUTHORIZATION,
	HTTP_KNOWN_COUNT,
};

struct http_framing {
	int minor;                           /* HTTP/1.minor */
	const char *known[HTTP_KNOWN_COUNT]; /* values, borrowed; NULL: not sent */
	char *joined[HTTP_KNOWN_COUNT];      /* owned: the values of those in several lines */
	struct http_refusal refusal;         /* the first */
	size_t length;                       /* of the body, if it is not chunked */
	bool chunked;
};

/* Begins with the request line's method and version, "HTTP/1.1"; ends with http_framing_fini. */
void http_framing_begin(struct http_framing *framing, const char *method, const char *version);

/* The next field. value ends with a NUL, has value_len bytes and no blanks around it. */
void http_framing_field(struct http_framing *framing, const char *name, size_t name_len,
			const char *value, size_t value_len);

/* There are no more fields: decides how much of what follows is the request's body. */
struct http_refusal http_framing_end(struct http_framing *framing);

/* The value of a known field; *is_known says whether it is one. */
const char *http_framing_value(const struct http_framing *framing, const char *name,
			       bool *is_known);

void http_framing_fini(struct http_framing *framing);

#endif
