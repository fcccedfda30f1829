#include "common/runtime/hangup.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/runtime/wakeup.h"

#define FOREVER_MS 3600000

struct hangup {
	int signals;
	struct wakeup wakeup;
	_Atomic bool stopping;
	pthread_t thread;
	void (*act)(void *context);
	void *context;
};

static sigset_t hangup_set(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	return set;
}

void hangup_block(void)
{
	const sigset_t set = hangup_set();

	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *thread_main(void *arg)
{
	struct hangup *hangup = arg;
	struct signalfd_siginfo info;

	while (!atomic_load(&hangup->stopping)) {
		if (wakeup_wait(&hangup->wakeup, hangup->signals, FOREVER_MS) &&
		    read(hangup->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
			hangup->act(hangup->context);
	}
	return NULL;
}

static void release(struct hangup *hangup)
{
	if (hangup->wakeup.fd >= 0)
		wakeup_fini(&hangup->wakeup);
	if (hangup->signals >= 0)
		(void)close(hangup->signals);
	free(hangup);
}

static enum status start(struct hangup *hangup, struct error *err)
{
	const sigset_t set = hangup_set();

	if (wakeup_init(&hangup->wakeup, err) != ST_OK)
		return err->status;
	hangup->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (hangup->signals < 0 || pthread_create(&hangup->thread, NULL, thread_main, hangup) != 0)
		return error_set(err, ST_INTERNAL, "cannot start a thread for SIGHUP");
	return ST_OK;
}

enum status hangup_start(struct hangup **out, void (*act)(void *context), void *context,
			 struct error *err)
{
	struct hangup *hangup = calloc(1, sizeof(*hangup));

	if (!hangup)
		return error_set(err, ST_INTERNAL, "out of memory");
	*hangup =
		(struct hangup){ .signals = -1, .wakeup = { -1 }, .act = act, .context = context };
	if (start(hangup, err) == ST_OK) {
		*out = hangup;
		return ST_OK;
	}
	release(hangup);
	return err->status;
}

void hangup_stop(struct hangup *hangup)
{
	if (!hangup)
		return;
	atomic_store(&hangup->stopping, true);
	wakeup_set(&hangup->wakeup);
	(void)pthread_join(hangup->thread, NULL);
	release(hangup);
}
