/*
 * A call to a service of the stack, on this machine.
 *
 * Threads: any; curl_global_init comes before.
 */
#ifndef TOOLS_DEMO_CALL_H
#define TOOLS_DEMO_CALL_H

#include <stddef.h>

#include "common/base/error.h"

#define CALL_BODY_SIZE 65536

struct call_answer {
	int status;            /* of HTTP */
	char status_line[128]; /* "HTTP/1.1 201 Created" */
	size_t len;
	char body[CALL_BODY_SIZE]; /* NUL-terminated; its beginning, if it is longer */
};

/* body NULL: none, else JSON. ST_UNAVAILABLE: no answer came within timeout_ms. */
MUST_CHECK enum status call_make(const char *method, int port, const char *path, const char *body,
				 long timeout_ms, struct call_answer *answer, struct error *err);

#endif
