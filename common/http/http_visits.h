/*
 * Who comes, and who has to go: what the library asks of the loop about connections, and what
 * becomes of those that take too long.
 *
 * Threads: the loop's.
 */
#ifndef COMMON_HTTP_HTTP_VISITS_H
#define COMMON_HTTP_HTTP_VISITS_H

#include "common/http/http_loop_state.h"

/* The library's: whether who comes is let in. */
enum MHD_Result http_visits_admit(void *loop, const struct sockaddr *address, socklen_t len);

/* The library's: a connection begins or ends. */
void http_visits_notify(void *loop, struct MHD_Connection *mhd, void **connection,
			enum MHD_ConnectionNotificationCode what);

/* Ends who has hung up, or has been in a phase for too long; in a stop also who waits for
 * nothing. */
void http_visits_sweep(struct http_loop *loop);

#endif
