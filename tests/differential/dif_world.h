/*
 * What the driver of a differential test does behind the sessions' backs, in either world: the
 * simulated PostgreSQL and the real one, each in a file of its own. A program is linked with one of
 * them; all else is the same.
 *
 * Invariant: after dif_world_settle nothing goes on by itself in the server, so what comes next
 * does not depend on how fast anything is.
 *
 * Threads: one.
 */
#ifndef TESTS_DIFFERENTIAL_DIF_WORLD_H
#define TESTS_DIFFERENTIAL_DIF_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pg/pg.h"

/* Empty tables, then body(argument), and the process ends with 0. */
void dif_world_run(uint64_t seed, void (*body)(void *argument), void *argument);

/* What is wrong with the run itself; ends it. */
void dif_world_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The machine stood still for so long that what the servers do is another thing: the round says
 * nothing, and is to be played again. Ends it. */
#define DIF_LATE 3
void dif_world_stop_late(void) __attribute__((noreturn));

const char *dif_world_url(const char *role);

/* Waits until each of these sessions, which were sent calls, has its answer (answered[i]) or waits
 * for a lock that another session has and keeps. */
void dif_world_settle(struct pg *const *sent, size_t count, bool *answered);

/* As of the last settle: whether a waits for a lock that b has. */
bool dif_world_waits_for(struct pg *a, struct pg *b);

/* Until who waits for a lock has looked for a deadlock, and found none: who closes a circle after
 * that is the one that is refused. */
void dif_world_grow_old(void);

/* An operator ends the session (connected, and not at work): it is gone, as its client can see. */
void dif_world_end_session(struct pg *pg);

/* Waits until the client is told that its session was ended. */
void dif_world_await_end(struct pg *pg);

/* A commit is to be sent; after that, and before it is received: it is done, and its answer lost.
 */
void dif_world_will_lose_answer(struct pg *pg);
void dif_world_lose_answer(struct pg *pg);

/* The lease of the schema's outbox, if there is a holder: as just renewed, unless it is old; old.
 */
void dif_world_refresh_lease(const char *schema);
void dif_world_age_lease(const char *schema);

/* A version that is no longer waited for. */
void dif_world_give_up(int64_t order, int32_t version);

/* All tables, a line a row. */
void dif_world_print_tables(void);

#endif
