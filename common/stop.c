#include "common/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct stop {
	_Atomic bool requested;
	int fd;
};

static void stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

enum status stop_open(struct stop **out, struct error *err)
{
	struct stop *stop = calloc(1, sizeof(*stop));
	sigset_t set;

	if (!stop)
		return error_set(err, ST_INTERNAL, "out of memory");
	stop->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop->fd < 0) {
		free(stop);
		return error_set(err, ST_INTERNAL, "eventfd: %s", strerror(errno));
	}
	stop_signals(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* EPIPE is returned then. ALLOWED: ignores, no handler */
	*out = stop;
	return ST_OK;
}

void stop_close(struct stop *stop)
{
	if (!stop)
		return;
	(void)close(stop->fd);
	free(stop);
}

static void set_token(struct stop *stop)
{
	uint64_t one = 1;

	atomic_store(&stop->requested, true);
	if (write(stop->fd, &one, sizeof(one)) < 0)
		return; /* full counter: readable already */
}

int stop_wait(struct stop *stop)
{
	sigset_t set;
	int sig = 0;

	stop_signals(&set);
	while (sigwait(&set, &sig) != 0)
		;
	set_token(stop);
	return sig;
}

void stop_request(struct stop *stop)
{
	set_token(stop);
	(void)kill(getpid(), SIGTERM); /* blocked everywhere: only stop_wait takes it */
}

bool stop_requested(const struct stop *stop)
{
	return atomic_load(&stop->requested);
}

int stop_fd(const struct stop *stop)
{
	return stop->fd;
}

void stop_arm_second_signal(void)
{
	sigset_t set;

	stop_signals(&set);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
