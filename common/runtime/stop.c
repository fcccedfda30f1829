#include "common/runtime/stop.h"

#include <signal.h>
#include <unistd.h>

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

int stop_wait(void)
{
	sigset_t set = stop_signals();
	int sig = 0;

	while (sigwait(&set, &sig) != 0)
		;
	return sig;
}

void stop_request(void)
{
	(void)kill(getpid(), SIGTERM); /* blocked everywhere: only stop_wait takes it */
}

void stop_arm_second_signal(void)
{
	sigset_t set = stop_signals();

	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
