/* The wait for a signal: nothing but a signal or its time ends it. */
#include <pthread.h>
#include <signal.h>

#include "common/runtime/clock.h"
#include "common/runtime/stop.h"
#include "tests/unit/unit.h"

TestSuite(stop, .init = unit_deadline);

static void ignore(int sig)
{
	(void)sig;
}

/* As a SIGCONT or a debugger does, again and again. */
static void *interrupt(void *waiter)
{
	for (int i = 0; i < 20; i++) {
		clock_pause_ms(5);
		(void)pthread_kill(*(pthread_t *)waiter, SIGUSR1);
	}
	return NULL;
}

Test(stop, an_interrupted_wait_goes_on)
{
	const struct sigaction action = { .sa_handler = ignore };
	pthread_t self = pthread_self(), thread;
	int64_t begun = clock_mono_ms();

	stop_block_signals();
	cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
	cr_assert_eq(pthread_create(&thread, NULL, interrupt, &self), 0);
	cr_expect_eq(stop_wait(300), 0);
	cr_expect_geq(clock_mono_ms() - begun, 300);
	(void)pthread_join(thread, NULL);
	stop_request();
	cr_expect_eq(stop_wait(60000), SIGTERM);
}
