/*
 * Calls of one client to the order-services: which of them is asked, and what an answer means for
 * somebody who must know whether the call had its effect.
 *
 * Threads: a caller has one owner. curl_global_init comes first.
 */
#ifndef TOOLS_ORDER_CLIENTS_CALLER_H
#define TOOLS_ORDER_CLIENTS_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "tools/order-clients/tally.h"

struct caller;

#define CALLER_SERVERS_MAX 8
#define CALLER_BODY_MAX    4096

struct answer {
	int status; /* 0: none came */
	bool sure;  /* the call was sent once, and this is what became of it; see caller.c */
	char body[CALLER_BODY_MAX]; /* NUL-terminated */
	size_t body_len;
};

/* ports and tally are borrowed until close. port_count is 1 to CALLER_SERVERS_MAX. */
MUST_CHECK enum status caller_open(struct caller **out, const int *ports, size_t port_count,
				   struct tally *tally, struct error *err);
void caller_close(struct caller *caller);

/*
 * One call. server: which one is asked, unless it did not answer just now; body and header: NULL
 * for none. True: an answer below 500. False: no answer or a 5xx, after which nobody knows whether
 * the call had, or is still to have, its effect (a 503 too: the answer of a commit may be lost).
 */
bool caller_call(struct caller *caller, uint32_t server, const char *method, const char *path,
		 const char *body, const char *header, struct answer *answer);

/* The same call twice at the same time, the second to the next server. */
void caller_call_twice(struct caller *caller, uint32_t server, const char *method, const char *path,
		       const char *body, const char *header, struct answer answers[2],
		       bool answered[2]);

#endif
