#include "common/runtime/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

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

int stop_wait(int64_t timeout_ms)
{
	const struct timespec timeout = { .tv_sec = timeout_ms / 1000,
					  .tv_nsec = timeout_ms % 1000 * 1000000 };
	sigset_t set = stop_signals();
	int sig;

	if (timeout_ms >= 0)
		sig = sigtimedwait(&set, NULL, &timeout);
	else
		while ((sig = sigwaitinfo(&set, NULL)) < 0)
			;
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
