/*
 * What calls by https need: whom a caller trusts and who it is, as the settings have it.
 *
 * Threads: one.
 */
#ifndef TOOLS_LOAD_CALLER_TLS_H
#define TOOLS_LOAD_CALLER_TLS_H

#include <event2/bufferevent.h>

#include "common/base/error.h"
#include "common/service/http_caller.h"

struct caller_tls;

/* *out NULL: by plain http. ST_INVALID: a file cannot be used. as is read now. */
MUST_CHECK enum status caller_tls_open(struct caller_tls **out, const struct http_caller *as,
				       struct error *err);
void caller_tls_close(struct caller_tls *tls);

/* For one connection to 127.0.0.1; whoever gets it frees it. NULL: out of memory. */
struct bufferevent *caller_tls_connection(struct caller_tls *tls, struct event_base *base);

#endif
