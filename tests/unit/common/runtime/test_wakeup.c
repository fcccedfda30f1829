/* What ends a wait: that it was set, before or now, a socket, or the time. */
#include <pthread.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "common/runtime/wakeup.h"
#include "tests/unit/unit.h"

TestSuite(wakeup, .init = unit_deadline);

enum { LONG_MS = 10000, SHORT_MS = 20 };

static struct wakeup opened(void)
{
	struct wakeup w;
	struct error err;

	cr_assert_eq(wakeup_init(&w, &err), ST_OK);
	return w;
}

Test(wakeup, a_wait_ends_at_its_time)
{
	struct wakeup w = opened();
	int64_t begun = clock_mono_ms();

	cr_expect_not(wakeup_wait(&w, -1, SHORT_MS));
	cr_expect_geq(clock_mono_ms() - begun, SHORT_MS - 1);
	wakeup_fini(&w);
}

Test(wakeup, once_set_every_wait_ends)
{
	struct wakeup w = opened();
	int64_t begun = clock_mono_ms();

	wakeup_set(&w);
	wakeup_set(&w);
	cr_expect_not(wakeup_wait(&w, -1, LONG_MS));
	cr_expect_not(wakeup_wait(&w, -1, LONG_MS));
	cr_expect_lt(clock_mono_ms() - begun, LONG_MS);
	wakeup_fini(&w);
}

static void *set_soon(void *w)
{
	clock_pause_ms(SHORT_MS);
	wakeup_set(w);
	return NULL;
}

Test(wakeup, another_thread_ends_a_wait)
{
	struct wakeup w = opened();
	int64_t begun = clock_mono_ms();
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, set_soon, &w), 0);
	cr_expect_not(wakeup_wait(&w, -1, LONG_MS));
	cr_expect_lt(clock_mono_ms() - begun, LONG_MS);
	(void)pthread_join(thread, NULL);
	wakeup_fini(&w);
}

Test(wakeup, a_socket_with_something_to_read_is_told)
{
	struct wakeup w = opened();
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_expect_not(wakeup_wait(&w, ends[0], SHORT_MS), "nothing to read");
	cr_assert_eq(write(ends[1], "x", 1), 1);
	cr_expect(wakeup_wait(&w, ends[0], LONG_MS));
	wakeup_set(&w);
	cr_expect(wakeup_wait(&w, ends[0], LONG_MS), "set or not");
	(void)close(ends[0]);
	(void)close(ends[1]);
	wakeup_fini(&w);
}
