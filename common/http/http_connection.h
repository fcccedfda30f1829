/*
 * One client's connection, its request and the answer to it.
 *
 * A connection has one request at a time, so answers keep the requests' order. It is the loop's,
 * but for a request that is whole: that belongs to whoever has to answer it, until
 * http_loop_answer gives it back. Only the loop's thread talks to the library.
 *
 * Threads: whose it is.
 */
#ifndef COMMON_HTTP_HTTP_CONNECTION_H
#define COMMON_HTTP_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/http.h"
#include "common/http/http_clients.h"
#include "common/http/http_framing.h"
#include "common/http/http_target.h"
#include "common/http/http_workers.h"

struct MHD_Connection;
struct MHD_Response;
struct gnutls_session_int;
struct http_loop;
struct http_tls_keys;

struct http_connection {
	struct http_deferred deferred; /* first: what http_defer() returns */
	struct http_job job;
	struct http_loop *loop;
	void *context; /* of the loop's configuration */
	struct MHD_Connection *mhd;
	struct http_client client;
	/* TLS (http_handshake.h) */
	struct gnutls_session_int *tls; /* the library's; NULL: plain HTTP */
	struct http_tls_keys *keys;     /* a use of them */
	bool starves;                   /* its handshake is to be suspended */
	bool speaks_tls;                /* its first bytes are TLS's */
	bool client_known;              /* the two below are there */
	bool has_certificate;
	char *common_name; /* owned, of its certificate; NULL: none */
	/* the request */
	bool begun;          /* its head is there */
	char *line;          /* owned: the target, which is taken apart there */
	const char *line_at; /* where the head has it, and where the head ends; not read */
	const char *head_end;
	char *body;          /* owned, a NUL behind it */
	size_t taken;        /* bytes of the body that came, also those that are too many */
	size_t fields_bytes; /* what the head takes of the connection's memory */
	struct http_framing framing;
	struct http_target target;
	struct http_request request;
	const struct http_route *route;
	size_t route_number;
	int64_t started_us;
	struct trace *trace; /* owned; NULL: it has none */
	/* the answer */
	const char *origin; /* whose pages may read it besides the server's own; NULL: none's */
	bool keep;          /* the client may ask again */
	bool waits;         /* for http_loop_answer */
	bool answer_due;    /* given by it */
	int status;
	struct MHD_Response *answer;          /* owned; NULL: not there yet */
	struct http_connection *next;         /* among those that have their answer */
	struct http_connection *next_waiting; /* among those that are to be suspended, for either
						 reason: a handshake is no request */
};

#endif
