#include "common/pg/pg_abandon.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/pg/pg_config.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define CANCEL_AGAIN_MS 1000 /* one that came between two statements met none */
#define LEAVE_MS        1000
#define LEAVE_PAUSE_MS  10

/* Who comes second to the end, the thread or the owner, frees it. */
enum state { RUNNING, ENDED, LEFT };

struct pg_abandoned {
	PGconn *conn; /* the thread's */
	char application[PG_APPLICATION_SIZE];
	_Atomic int state;
};

/*
 * Reads what the server sent. True: the sync came, or all answers where no sync was sent (a NULL
 * ends each answer, a second one all of them), or the connection ended.
 */
static bool answered(PGconn *conn)
{
	int ends = 0;

	if (PQconsumeInput(conn) != 1)
		return true;
	while (ends < 2 && !PQisBusy(conn) && PQstatus(conn) == CONNECTION_OK) {
		PGresult *result = PQgetResult(conn);

		ends = result ? 0 : ends + 1;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC)
			ends = 2;
		PQclear(result);
	}
	return ends == 2 || PQstatus(conn) != CONNECTION_OK;
}

static bool await_answer(PGconn *conn, int64_t timeout_ms)
{
	int64_t deadline = clock_mono_ms() + timeout_ms, left;

	while (!answered(conn)) {
		struct pollfd fd = { .fd = PQsocket(conn), .events = POLLIN };

		/* A server that waits for the rest of what was sent has nothing to cancel. */
		if (PQflush(conn) == 1)
			fd.events |= POLLOUT;
		left = deadline - clock_mono_ms();
		if (left <= 0)
			return false;
		(void)poll(&fd, 1, (int)left);
	}
	return true;
}

static void cancel_until_answered(PGconn *conn)
{
	PGcancel *cancel = PQgetCancel(conn);
	char why[256];

	do
		(void)PQcancel(cancel, why, sizeof(why));
	while (!await_answer(conn, CANCEL_AGAIN_MS));
	PQfreeCancel(cancel);
}

static void *end_session(void *arg)
{
	struct pg_abandoned *a = arg;
	int64_t started = clock_mono_ms();

	cancel_until_answered(a->conn);
	PQfinish(a->conn);
	log_info("database", "an abandoned session has ended", "application=%s after_ms=%" PRId64,
		 LOG_QUOTE(a->application), clock_mono_ms() - started);
	if (atomic_exchange(&a->state, ENDED) == LEFT)
		free(a);
	return NULL;
}

static bool start_thread(struct pg_abandoned *a)
{
	pthread_attr_t attr;
	pthread_t thread;
	bool started;

	if (pthread_attr_init(&attr) != 0)
		return false;
	started = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0 &&
		  pthread_create(&thread, &attr, end_session, a) == 0;
	(void)pthread_attr_destroy(&attr);
	return started;
}

struct pg_abandoned *pg_abandon(PGconn *conn, const char *application)
{
	struct pg_abandoned *a = calloc(1, sizeof(*a));

	log_warn("database", "the server does not answer: the session is abandoned",
		 "application=%s", LOG_QUOTE(application));
	if (a) {
		a->conn = conn;
		(void)snprintf(a->application, sizeof(a->application), "%s", application);
	}
	if (!a || !start_thread(a)) {
		free(a);
		PQfinish(conn);
		return NULL;
	}
	return a;
}

bool pg_abandoned_ended(struct pg_abandoned **abandoned)
{
	if (*abandoned && atomic_load(&(*abandoned)->state) != ENDED)
		return false;
	free(*abandoned);
	*abandoned = NULL;
	return true;
}

void pg_abandoned_leave(struct pg_abandoned *a)
{
	int64_t deadline = clock_mono_ms() + LEAVE_MS;

	while (!pg_abandoned_ended(&a)) {
		if (clock_mono_ms() < deadline) {
			clock_pause_ms(LEAVE_PAUSE_MS);
			continue;
		}
		if (atomic_exchange(&a->state, LEFT) == ENDED)
			free(a);
		return;
	}
}
