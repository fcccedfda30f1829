/*
 * An HTTP client for the tests: whole calls by libcurl, and raw bytes on a socket for what no
 * decent client sends. A call that brings no answer has status 0 and an error text; it does not
 * fail the test by itself, so threads may call it. No Criterion.
 *
 * Threads: any.
 */
#ifndef TESTS_SUPPORT_HTTP_CLIENT_H
#define TESTS_SUPPORT_HTTP_CLIENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Everything in it is in the arena. */
struct http_answer {
	int status;          /* 0: none, see error */
	const char *error;   /* "" with an answer */
	const char *headers; /* status line and headers, as they came */
	const char *body;    /* NUL-terminated */
	size_t body_len;
	json_t *json; /* the body, NULL: not JSON */
	int64_t ms;   /* how long the call took */
};

/*
 * Calls the service on 127.0.0.1:port, as the environment has it (common/service/http_caller.h): by
 * https if HTTP_CA is set there, and with its certificate or token. body NULL: none; otherwise it
 * goes as application/json, unless a Content-Type is among the header lines ("Name: value"), which
 * NULL ends.
 */
struct http_answer http_call(int port, const char *method, const char *path, const char *body, ...)
	__attribute__((sentinel));

/* Such a call with no more headers, in a thread of its own; end waits for its answer. */
struct http_pending;
struct http_pending *http_begin(int port, const char *method, const char *path, const char *body);
struct http_answer http_end(struct http_pending *pending);

/* Sends the bytes and their end, and reads until the server closes or 10 s are over. */
struct http_answer http_raw(int port, const void *bytes, size_t len);

/* A connected socket; -1: refused. */
int http_connect(int port);

/* The header's value, "" without one; in the arena. */
const char *http_header(const struct http_answer *answer, const char *name);

/* A member of the body's JSON object: NULL or -1 if it is not there or not of that type. */
const char *json_text(const json_t *object, const char *name);
int64_t json_number(const json_t *object, const char *name);

#endif
