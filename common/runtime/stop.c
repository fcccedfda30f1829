#include "common/runtime/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "common/runtime/clock.h"

static _Atomic bool under_way; /* a signal came, or was asked for */

static sigset_t stop_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	return set;
}

void stop_block_signals(void)
{
	sigset_t set = stop_signals();

	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* EPIPE is returned then. ALLOWED: ignores, no handler */
}

/* One wait for a signal, up to left_ms; STOP_WAIT_FOREVER: without end. */
static int wait_once(const sigset_t *set, int64_t left_ms)
{
	const struct timespec left = { .tv_sec = left_ms / 1000,
				       .tv_nsec = left_ms % 1000 * 1000000 };

	return left_ms == STOP_WAIT_FOREVER ? sigwaitinfo(set, NULL)
					    : sigtimedwait(set, NULL, &left);
}

int stop_wait(int64_t timeout_ms)
{
	int64_t end = clock_mono_ms() + timeout_ms, left = timeout_ms;
	sigset_t set = stop_signals();
	int sig;

	/* A SIGCONT, or a debugger that attaches, interrupts the wait and does not end it. */
	while ((sig = wait_once(&set, left)) < 0 && errno == EINTR && left != 0) {
		if (timeout_ms != STOP_WAIT_FOREVER)
			left = end > clock_mono_ms() ? end - clock_mono_ms() : 0;
	}
	if (sig > 0)
		atomic_store(&under_way, true);
	return sig > 0 ? sig : 0;
}

void stop_request(void)
{
	if (!atomic_exchange(&under_way, true))
		(void)kill(getpid(), SIGTERM); /* blocked everywhere: only stop_wait takes it */
}

void stop_die(int sig)
{
	sigset_t set = stop_signals();

	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(sig);
	_exit(128 + sig); /* it was ignored when the process was started */
}
