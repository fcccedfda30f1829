/*
 * The pool of working threads: what is done when, and what a cancel and a close leave behind. The
 * work is the tests' own: a part goes on until it is let go or cancelled.
 */
#include <sched.h>
#include <stdatomic.h>

#include "delivery-service/work/worker_pool.h"
#include "tests/unit/unit.h"

TestSuite(worker_pool, .init = unit_deadline);

#define PARTS_MAX 8
#define ALL       0xffu

static _Atomic unsigned let_go;             /* bit by part */
static _Atomic int begun[PARTS_MAX], ended; /* how often; the latter all parts */
static _Atomic int woken;
static struct progress progress;

/* Not for ever: unit_deadline. */
#define await(condition)                                                                           \
	do {                                                                                       \
		while (!(condition))                                                               \
			(void)sched_yield();                                                       \
	} while (0)

static bool do_part(const struct simulated_work *work, int part, int parts)
{
	cr_assert_lt(part, parts);
	atomic_fetch_add(&begun[part], 1);
	await((atomic_load(&let_go) & 1u << part) || atomic_load(&work->cancelled));
	atomic_fetch_add(&ended, 1);
	return true;
}

static void wake(void *context)
{
	(void)context;
	atomic_fetch_add(&woken, 1);
}

static struct worker_pool *open_pool(int parts, int threads)
{
	const struct worker_pool_config config = { .kind = WORK_CPU,
						   .ms = 7,
						   .parts = parts,
						   .threads = threads,
						   .do_part = do_part,
						   .wake = wake,
						   .progress = &progress };
	struct worker_pool *pool = NULL;
	struct error err;

	progress_init(&progress, "workers", PROGRESS_BOUND_MS);
	cr_assert_eq(worker_pool_open(&pool, &config, &err), ST_OK);
	return pool;
}

static struct simulated_work *submit(struct worker_pool *pool, int *item)
{
	struct simulated_work *work = worker_pool_submit(pool, item);

	cr_assert_not_null(work);
	return work;
}

Test(worker_pool, items_come_back_in_the_order_they_came)
{
	struct worker_pool *pool = open_pool(1, 1);
	int items[3];

	for (int i = 0; i < 3; i++) {
		const struct simulated_work *work = submit(pool, &items[i]);

		cr_expect_eq(work->kind, WORK_CPU);
		cr_expect_eq(work->ms, 7);
	}
	await(atomic_load(&begun[0]) == 1);
	cr_expect_null(worker_pool_done(pool));
	atomic_store(&let_go, ALL);
	await(atomic_load(&woken) == 3);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(worker_pool_done(pool), &items[i]);
	cr_expect_null(worker_pool_done(pool));
	worker_pool_close(pool);
}

Test(worker_pool, threads_work_side_by_side)
{
	struct worker_pool *pool = open_pool(1, 3);
	int items[3];

	for (int i = 0; i < 3; i++)
		(void)submit(pool, &items[i]);
	await(atomic_load(&begun[0]) == 3);
	atomic_store(&let_go, ALL);
	await(atomic_load(&woken) == 3);
	worker_pool_close(pool);
}

/* One of two threads is held up by part 0; the other has ended 1 when it is in 2. */
Test(worker_pool, split_work_is_done_when_its_last_part_is)
{
	struct worker_pool *pool = open_pool(3, 2);
	int item;

	atomic_store(&let_go, 1u << 1);
	(void)submit(pool, &item);
	await(atomic_load(&begun[0]) == 1 && atomic_load(&begun[2]) == 1);
	cr_expect_eq(atomic_load(&woken), 0);
	cr_expect_null(worker_pool_done(pool));
	atomic_store(&let_go, ALL);
	await(atomic_load(&woken) == 1);
	cr_expect_eq(atomic_load(&ended), 3);
	cr_expect_eq(worker_pool_done(pool), &item);
	for (int part = 0; part < 3; part++)
		cr_expect_eq(atomic_load(&begun[part]), 1, "part %d", part);
	worker_pool_close(pool);
}

/* The parts of one piece are worked at the same time: none waits for another. */
Test(worker_pool, split_work_has_a_thread_for_each_part)
{
	struct worker_pool *pool = open_pool(4, 4);
	int items[2];

	(void)submit(pool, &items[0]);
	(void)submit(pool, &items[1]);
	for (int part = 0; part < 4; part++)
		await(atomic_load(&begun[part]) == 1);
	atomic_store(&let_go, ALL);
	await(atomic_load(&woken) == 2);
	for (int part = 0; part < 4; part++)
		cr_expect_eq(atomic_load(&begun[part]), 2, "part %d", part);
	worker_pool_close(pool);
}

/* Cancelled in the midst of its parts: it never comes back, and the next one is worked. */
Test(worker_pool, cancelled_split_work_never_comes_back)
{
	struct worker_pool *pool = open_pool(3, 2);
	int dropped, kept;
	struct simulated_work *work = submit(pool, &dropped);

	await(atomic_load(&begun[0]) == 1 && atomic_load(&begun[1]) == 1);
	simulated_work_cancel(work);
	atomic_store(&let_go, ALL);
	(void)submit(pool, &kept);
	await(atomic_load(&woken) == 2);
	cr_expect_eq(worker_pool_done(pool), &kept);
	cr_expect_null(worker_pool_done(pool));
	worker_pool_close(pool);
}

/* What is in work ends, whether or not the rest of its parts wait for a thread. */
Test(worker_pool, a_close_cuts_off_what_is_in_work)
{
	for (int threads = 1; threads <= 3; threads++) {
		struct worker_pool *pool = open_pool(3, threads);
		int items[2];

		(void)submit(pool, &items[0]);
		(void)submit(pool, &items[1]);
		await(atomic_load(&begun[threads - 1]) == 1);
		worker_pool_close(pool);
		for (int part = 0; part < PARTS_MAX; part++)
			atomic_store(&begun[part], 0);
	}
}

static bool stands_still(void)
{
	char text[100] = "";
	struct strbuf out = STRBUF_ON(text);

	return progress_stands_still(&progress, &out);
}

/* As if it had been so long: without work that is nothing. */
static void long_ago(void)
{
	progress_made(&progress);
	atomic_store(&progress.made_mono_ms,
		     atomic_load(&progress.made_mono_ms) - 2 * PROGRESS_BOUND_MS);
}

Test(worker_pool, one_whose_threads_all_hang_stands_still)
{
	struct worker_pool *pool = open_pool(1, 1);
	int items[2];

	cr_expect_not(stands_still());
	cr_expect_eq(atomic_load(&progress.made_mono_ms), INT64_MAX, "idle without work");
	(void)submit(pool, &items[0]);
	await(atomic_load(&begun[0]) == 1);
	long_ago();
	(void)submit(pool, &items[1]);
	cr_expect(stands_still(), "more work is no progress");
	atomic_store(&let_go, ALL);
	await(atomic_load(&woken) == 2);
	cr_expect_not(stands_still());
	cr_expect_eq(atomic_load(&progress.made_mono_ms), INT64_MAX, "all is done");
	worker_pool_close(pool);
}
