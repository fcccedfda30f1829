/* Who gets a connection of a pool, and when. But for the last test nothing connects: a connection
 * is made when it is used. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "common/pg/pg_pool.h"
#include "common/runtime/clock.h"
#include "tests/support/fixture.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

TestSuite(pg_pool, .timeout = 300);

#define LONG_MS 60000

static struct pg_pool *open_pool_of(const char *url, size_t size)
{
	static const struct pg_statement statements[] = { { "one", "select 1" }, { 0 } };
	static const struct pg_statement *const tables[] = { statements, NULL };
	const struct pg_config config = { url, "test", NULL, tables };
	struct pg_pool *pool = NULL;
	struct error err;

	cr_assert_eq(pg_pool_open(&pool, size, &config, &err), ST_OK, "%s", err.msg);
	return pool;
}

static struct pg_pool *open_pool(size_t size)
{
	return open_pool_of("postgresql://nobody@127.0.0.1:1/none", size);
}

static struct pg *take(struct pg_pool *pool)
{
	struct pg *pg = NULL;
	struct error err;

	cr_assert_eq(pg_pool_take(pool, LONG_MS, &pg, &err), ST_OK, "%s", err.msg);
	return pg;
}

/* A thread that takes a connection; its place among those that got one. */
struct taker {
	struct pg_pool *pool;
	_Atomic int *served;
	int place;
	struct error err;
	pthread_t thread;
};

static void *take_in_turn(void *context)
{
	struct taker *t = context;
	struct pg *pg = NULL;

	if (pg_pool_take(t->pool, LONG_MS, &pg, &t->err) != ST_OK)
		return NULL;
	t->place = ++*t->served;
	pg_pool_give(t->pool, pg);
	return NULL;
}

static void await_waiting(struct pg_pool *pool, int64_t count)
{
	while (pg_pool_counts(pool).waiting != count)
		(void)sched_yield();
}

/* In this order. */
static void start(struct taker *takers, int count, struct pg_pool *pool, _Atomic int *served)
{
	for (int i = 0; i < count; i++) {
		takers[i] = (struct taker){ .pool = pool, .served = served };
		(void)pthread_create(&takers[i].thread, NULL, take_in_turn, &takers[i]);
		await_waiting(pool, i + 1);
	}
}

static void join(struct taker *takers, int count)
{
	for (int i = 0; i < count; i++)
		(void)pthread_join(takers[i].thread, NULL);
}

Test(pg_pool, who_takes_has_it_alone)
{
	struct pg_pool *pool = open_pool(2);
	struct pg *first = take(pool), *second = take(pool);

	cr_expect_neq(first, second);
	cr_expect_eq(pg_pool_counts(pool).in_use, 2);
	pg_pool_give(pool, first);
	cr_expect_eq(take(pool), first);
	pg_pool_give(pool, first);
	pg_pool_give(pool, second);
	cr_expect_eq(pg_pool_counts(pool).in_use, 0);
	pg_pool_close(pool);
}

Test(pg_pool, a_wait_that_brings_none_is_counted)
{
	struct pg_pool *pool = open_pool(1);
	struct pg *held = take(pool), *none = NULL;
	struct error err;

	cr_expect_eq(pg_pool_take(pool, 20, &none, &err), ST_UNAVAILABLE);
	cr_expect_str_eq(err.msg, "none of 1 database connections came free in 20 ms");
	cr_expect_null(none);
	cr_expect_eq(pg_pool_counts(pool).timeouts, 1);
	cr_expect_eq(pg_pool_counts(pool).waiting, 0);
	pg_pool_give(pool, held);
	cr_expect_eq(take(pool), held, "it is free again");
	pg_pool_give(pool, held);
	pg_pool_close(pool);
}

Test(pg_pool, who_waits_longest_is_served_first)
{
	enum { COUNT = 5 };
	struct pg_pool *pool = open_pool(1);
	struct pg *held = take(pool), *none = NULL;
	struct taker takers[COUNT];
	_Atomic int served = 0;
	struct error err;

	start(takers, COUNT, pool, &served);
	/* Who leaves the queue at its end leaves the others as they were. */
	cr_expect_eq(pg_pool_take(pool, 1, &none, &err), ST_UNAVAILABLE);
	pg_pool_give(pool, held);
	join(takers, COUNT);
	for (int i = 0; i < COUNT; i++)
		cr_expect_eq(takers[i].place, i + 1, "number %d came in as %d", i + 1,
			     takers[i].place);
	pg_pool_close(pool);
}

Test(pg_pool, a_stop_ends_the_waits)
{
	struct pg_pool *pool = open_pool(1);
	struct pg *held = take(pool), *none = NULL;
	struct taker takers[3];
	_Atomic int served = 0;
	struct error err;

	start(takers, 3, pool, &served);
	pg_pool_stop(pool);
	join(takers, 3);
	for (int i = 0; i < 3; i++)
		cr_expect_str_eq(takers[i].err.msg, "stopping");
	cr_expect_eq(served, 0);
	cr_expect_eq(pg_pool_counts(pool).timeouts, 0);
	pg_pool_give(pool, held);
	cr_expect_eq(pg_pool_take(pool, LONG_MS, &none, &err), ST_UNAVAILABLE);
	pg_pool_close(pool);
}

/* --- a session that does not end ----------------------------------------------------------- */

static enum status run_one(struct pg_pool *pool)
{
	struct pg_call call = { "one", NULL, NULL };
	struct error err;
	enum status st = pg_pool_run(pool, &call, 1, &err);

	pg_clear(&call, 1);
	return st;
}

/* Its server's process is stopped, and a call on it fails. */
static pid_t stop_session_of(struct pg *pg)
{
	struct pg_call call = { "one", NULL, NULL };
	struct error err;
	pid_t backend;

	cr_assert_eq(pg_connect(pg, &err), ST_OK, "%s", err.msg);
	backend = pg_backend_pid(pg);
	cr_assert_eq(kill(backend, SIGSTOP), 0);
	pg_deadline(pg, clock_mono_ms() + 100);
	cr_assert_eq(pg_run(pg, &call, 1, &err), ST_UNAVAILABLE);
	return backend;
}

/* The others do the work of all until it has ended. */
LAB_TEST(pg_pool, a_session_that_does_not_end_fails_no_call, 1)
{
	struct pg_pool *pool =
		open_pool_of(stack_database_url("order_service", fixture.database), 2);
	struct pg *held = take(pool), *other = take(pool);
	pid_t backend = stop_session_of(held);
	struct taker taker;
	_Atomic int served = 0;

	start(&taker, 1, pool, &served);
	pg_pool_give(pool, held);
	cr_expect_eq(pg_pool_counts(pool).waiting, 1, "the other one will come back");
	pg_pool_give(pool, other);
	join(&taker, 1);
	for (int i = 0; i < 10; i++)
		cr_expect_eq(run_one(pool), ST_OK);
	other = take(pool);
	cr_expect_eq(run_one(pool), ST_UNAVAILABLE, "no other is left");
	(void)kill(backend, SIGCONT);
	cr_expect(wait_until(LONG_MS, run_one(pool) == ST_OK));
	pg_pool_give(pool, other);
	pg_pool_close(pool);
}
