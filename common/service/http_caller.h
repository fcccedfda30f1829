/*
 * What the project's own HTTP clients have in common: whom they trust, and who they are. An address
 * that begins with https:// does the rest. There is no way to trust anybody: no setting turns the
 * check of a server's certificate or name off.
 *
 * Threads: any; the texts are read-only.
 */
#ifndef COMMON_SERVICE_HTTP_CALLER_H
#define COMMON_SERVICE_HTTP_CALLER_H

#include <stdbool.h>

#include "common/base/config.h"
#include "common/base/error.h"

/* Paths; "" or NULL: not given. */
struct http_caller {
	const char *ca;          /* PEM: the authorities of servers; not given: the system's */
	const char *certificate; /* PEM: the client's */
	const char *key;         /* PEM */
	const char *token_file;  /* its first line is the bearer token */
};

/* For a program's tables: they fill a struct http_caller. With the check of their table. */
extern const struct config_key http_caller_keys[];
size_t http_caller_check(const void *settings, struct strbuf *problems);

/* The same from the environment, for a program without tables. */
struct http_caller http_caller_from_environment(void);

/* "https" if something of the caller is given, else "http": for a program that asks its own
 * machine, and whose settings are ports. */
const char *http_caller_scheme(const struct http_caller *caller);

/*
 * Sets the options of curl (a CURL *) that caller is about. The token's file is read each time, so
 * it may be exchanged. ST_INVALID: it cannot be read, or is no token; curl would then call as
 * nobody.
 */
MUST_CHECK enum status http_caller_apply(const struct http_caller *caller, void *curl,
					 struct error *err);

/* Reads the token into token, "" without a file; size is HTTP_CALLER_TOKEN_SIZE. */
#define HTTP_CALLER_TOKEN_SIZE 4096
MUST_CHECK enum status http_caller_token(const struct http_caller *caller,
					 char token[HTTP_CALLER_TOKEN_SIZE], struct error *err);

#endif
