#include "common/http/http_loop.h"

#include <gnutls/abstract.h>
#include <malloc.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/http/http_exchange.h"
#include "common/http/http_visits.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define TICK_MS 200
#define REST_MS 2000 /* nothing to do: it says so often enough that nobody takes it for hung */

/* Of a connection's memory. What head and trailers may take of it leaves room for any answer:
 * without room the library would end the connection, and what was asked for would be done and not
 * told. */
#define CONNECTION_BYTES ((size_t)HTTP_FIELDS_MAX_BYTES + 5 * 1024)

/* Beyond all that may come: those that have been ended, and are not gone yet. */
#define ENDED_CONNECTIONS 64

/* Fewer connections leave less memory than is worth a look: each takes up to 90 KB. */
#define CROWD_MIN 256

/* --- the thread ---------------------------------------------------------------------------- */

static void resume_answered(struct http_loop *loop)
{
	struct http_connection *c, *next;

	wakeup_clear(&loop->wakeup);
	(void)pthread_mutex_lock(&loop->mu);
	c = loop->answered;
	loop->answered = NULL;
	loop->answered_end = &loop->answered;
	(void)pthread_mutex_unlock(&loop->mu);
	for (; c; c = next) {
		next = c->next;
		c->answer_due = true;
		loop->in_flight--;
		MHD_resume_connection(c->mhd);
	}
}

/* Gives the memory of a crowd back when the crowd has gone: freed in the order in which clients go,
 * it lies between what is still in use, and would stay the process's. */
static void give_back(struct http_loop *loop)
{
	const int64_t connections = loop->clients.connections;
	const bool still_going = connections < loop->last_seen;

	loop->last_seen = connections;
	if (loop->crowd < CROWD_MIN || connections > loop->crowd / 4 || still_going)
		return;
	loop->crowd = connections;
	(void)malloc_trim(0);
}

/*
 * Not where the request is taken: the library (0.9.75) would keep in mind that it was reading, do
 * so again before it sends the answer, and close on a client that has said all.
 */
static void suspend_waiting(struct http_loop *loop)
{
	for (struct http_connection *c = loop->waiting; c; c = c->next_waiting)
		MHD_suspend_connection(c->mhd);
	loop->waiting = NULL;
}

static void sweep(struct http_loop *loop)
{
	if (loop->now_mono_ms < loop->next_sweep_mono_ms)
		return;
	loop->next_sweep_mono_ms = loop->now_mono_ms + TICK_MS;
	give_back(loop);
	http_visits_sweep(loop);
}

/* Takes nobody new, and finds out when the last clients are left. False: all are gone. */
static bool close_on(struct http_loop *loop)
{
	if (loop->config.listener >= 0) {
		(void)close(MHD_quiesce_daemon(loop->mhd));
		loop->config.listener = -1;
	}
	if (loop->in_flight == 0 && loop->stop_mono_ms == 0)
		loop->stop_mono_ms = loop->now_mono_ms + HTTP_STOP_GRACE_MS;
	http_visits_sweep(loop);
	return loop->clients.connections > 0 || loop->handshakes.suspended > 0;
}

/* Who waits for an answer needs no look at the clock, and a crowd that has not gone does. */
static int64_t patience_ms(struct http_loop *loop)
{
	bool none_waits = loop->clients.connections == loop->in_flight && loop->crowd < CROWD_MIN;
	int64_t tick_ms = none_waits && !atomic_load(&loop->closing) ? REST_MS : TICK_MS;
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(loop->mhd, &ms) == MHD_YES && ms < (unsigned long long)tick_ms)
		return (int64_t)ms;
	return tick_ms;
}

/*
 * Answers that come one after the other, as after a group commit, would interrupt the one who gives
 * them for each: as SCHED_BATCH their thread waits for a processor until that one is through.
 * Refused, it only costs speed.
 */
static void yield_to_answerers(void)
{
	const struct sched_param none = { 0 };

	(void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
}

static void run_library(struct http_loop *loop)
{
	const bool tls = loop->config.tls;

	if (tls)
		http_handshakes_resume(&loop->handshakes);
	(void)MHD_run(loop->mhd);
	if (tls)
		http_handshakes_suspend(&loop->handshakes);
	suspend_waiting(loop);
}

static void *loop_main(void *arg)
{
	struct http_loop *loop = arg;

	yield_to_answerers();
	do {
		(void)wakeup_wait(&loop->wakeup, loop->waits_for, patience_ms(loop));
		loop->now_mono_ms = clock_mono_ms();
		progress_turned(loop->config.progress);
		resume_answered(loop);
		run_library(loop);
		sweep(loop);
	} while (!atomic_load(&loop->closing) || close_on(loop));
	MHD_stop_daemon(loop->mhd);
	return NULL;
}

/* --- open and close ------------------------------------------------------------------------ */

/* No more connections than there can be descriptors for. */
static int64_t connections_that_fit(int64_t wanted)
{
	struct rlimit files;
	int64_t room;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY)
		return wanted;
	room = (int64_t)files.rlim_cur - HTTP_SPARE_FILES - HTTP_HEALTH_CONNECTIONS;
	if (room < (int64_t)files.rlim_cur / 4)
		room = (int64_t)files.rlim_cur / 4;
	return wanted < room ? wanted : room;
}

__attribute__((format(printf, 2, 0))) static void log_message(void *context, const char *fmt,
							      va_list ap)
{
	char text[256];

	(void)context;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	log_debug("http", "libmicrohttpd message", "text=%s", LOG_QUOTE(text));
}

/* A target stays as it was sent: http_target.c reads it. */
static size_t keep_escapes(void *context, struct MHD_Connection *mhd, char *text)
{
	size_t len = 0;

	(void)context;
	(void)mhd;
	while (text[len])
		len++;
	return len;
}

/* Each session gets its keys before it asks for any. */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int count,
			  const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
			  gnutls_pcert_st **list, unsigned *len, gnutls_privkey_t *key)
{
	(void)session;
	(void)authorities;
	(void)count;
	(void)algorithms;
	(void)algorithm_count;
	(void)list;
	(void)len;
	(void)key;
	return -1;
}

static struct MHD_Daemon *start_library(struct http_loop *loop)
{
	const unsigned most = (unsigned)loop->config.connections_max + HTTP_HEALTH_CONNECTIONS +
			      ENDED_CONNECTIONS;
	const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem with_tls[] = {
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, HTTP_TLS_PRIORITIES },
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)no_certificate },
		{ MHD_OPTION_END, 0, NULL }
	};

	return MHD_start_daemon(
		flags | (loop->config.tls ? MHD_USE_TLS : 0), 0, http_visits_admit, loop,
		http_exchange_go_on, loop, MHD_OPTION_EXTERNAL_LOGGER, log_message, NULL,
		MHD_OPTION_ARRAY, loop->config.tls ? with_tls : with_tls + 2,
		MHD_OPTION_LISTEN_SOCKET, loop->config.listener, MHD_OPTION_CONNECTION_LIMIT, most,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_NOTIFY_CONNECTION,
		http_visits_notify, loop, MHD_OPTION_URI_LOG_CALLBACK, http_exchange_begin, loop,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		http_exchange_end, loop, MHD_OPTION_END);
}

static void release(struct http_loop *loop)
{
	if (loop->config.listener >= 0)
		(void)close(loop->config.listener);
	if (loop->wakeup.fd >= 0)
		wakeup_fini(&loop->wakeup);
	http_handshakes_close(&loop->handshakes);
	(void)pthread_mutex_destroy(&loop->mu);
	free(loop);
}

static enum status set_epoll(struct http_loop *loop, struct error *err)
{
	loop->waits_for = MHD_get_daemon_info(loop->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	if (!loop->config.tls)
		return ST_OK;
	if (http_handshakes_open(&loop->handshakes, loop->waits_for, err) != ST_OK)
		return err->status;
	loop->waits_for = loop->handshakes.epoll;
	return ST_OK;
}

static enum status start(struct http_loop *loop, struct error *err)
{
	if (wakeup_init(&loop->wakeup, err) != ST_OK)
		return err->status;
	loop->mhd = start_library(loop);
	if (!loop->mhd)
		return error_set(err, ST_INTERNAL, "libmicrohttpd does not start");
	if (set_epoll(loop, err) == ST_OK) {
		if (pthread_create(&loop->thread, NULL, loop_main, loop) == 0)
			return ST_OK;
		(void)error_set(err, ST_INTERNAL, "cannot start a thread");
	}
	MHD_stop_daemon(loop->mhd);
	loop->config.listener = -1;
	return err->status;
}

enum status http_loop_open(struct http_loop **out, const struct http_loop_config *config,
			   struct error *err)
{
	struct http_loop *loop = calloc(1, sizeof(*loop));

	if (!loop) {
		(void)close(config->listener);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	loop->config = *config;
	loop->config.connections_max = connections_that_fit(config->connections_max);
	loop->wakeup.fd = -1;
	loop->handshakes = (struct http_handshakes){ .tls = config->tls,
						     .epoll = -1,
						     .failed = &loop->counts.tls_failed,
						     .plain = &loop->counts.tls_plain };
	loop->answered_end = &loop->answered;
	(void)pthread_mutex_init(&loop->mu, NULL);
	loop->now_mono_ms = clock_mono_ms();
	*out = loop;
	if (start(loop, err) == ST_OK)
		return ST_OK;
	*out = NULL;
	release(loop);
	return err->status;
}

void http_loop_close(struct http_loop *loop)
{
	if (!loop)
		return;
	atomic_store(&loop->closing, true);
	wakeup_set(&loop->wakeup);
	(void)pthread_join(loop->thread, NULL);
	release(loop);
}

/* --- for everybody ------------------------------------------------------------------------- */

void http_loop_answer(struct http_connection *c, struct http_response *response)
{
	struct http_loop *loop = c->loop;
	bool first;

	http_exchange_set_answer(c, response);
	c->next = NULL;
	(void)pthread_mutex_lock(&loop->mu);
	first = !loop->answered;
	*loop->answered_end = c;
	loop->answered_end = &c->next;
	/* With the lock: the loop cannot end, and be gone, between the two. */
	if (first)
		wakeup_set(&loop->wakeup);
	(void)pthread_mutex_unlock(&loop->mu);
}

bool http_loop_closing(const struct http_loop *loop)
{
	return atomic_load(&loop->closing);
}

bool http_loop_crowded(const struct http_loop *loop)
{
	return loop->in_flight >= loop->config.connections_max;
}

const struct http_loop_counts *http_loop_counts(const struct http_loop *loop)
{
	return &loop->counts;
}

int64_t http_loop_connections_max(const struct http_loop *loop)
{
	return loop->config.connections_max;
}
