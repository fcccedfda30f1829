/*
 * What the loop consists of, for its own files: http_loop.c the thread, http_visits.h who comes and
 * who has to go, http_exchange.h a request and its answer.
 *
 * Threads: the loop's, but for what says otherwise.
 */
#ifndef COMMON_HTTP_HTTP_LOOP_STATE_H
#define COMMON_HTTP_HTTP_LOOP_STATE_H

#include <microhttpd.h>
#include <pthread.h>

#include "common/http/http_handshake.h"
#include "common/http/http_loop.h"
#include "common/runtime/wakeup.h"

struct http_loop {
	struct http_loop_config config;
	struct http_loop_counts counts;
	_Atomic bool closing;
	struct MHD_Daemon *mhd;
	pthread_t thread;
	struct wakeup wakeup;
	pthread_mutex_t mu;
	struct http_connection *answered, **answered_end; /* in this order; guarded by mu */
	int waits_for; /* epoll: the library's; with TLS that of the handshakes */
	/* the thread's own */
	struct http_clients clients;
	struct http_handshakes handshakes;
	int64_t in_flight;               /* requests that have no answer yet */
	struct http_connection *waiting; /* those of them that are to be suspended */
	int64_t now_mono_ms, next_sweep_mono_ms;
	int64_t stop_mono_ms; /* when the last clients are left; 0: not known yet */
	int64_t next_crowded_log_ms;
	int64_t crowd;     /* the most connections since memory was given back */
	int64_t last_seen; /* connections at the last sweep */
};

#endif
