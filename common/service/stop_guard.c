#include "common/service/stop_guard.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "common/runtime/log.h"
#include "common/runtime/stop.h"
#include "common/runtime/wakeup.h"

/* One, as the process has one set of signals. */
static struct {
	const char *who;
	int64_t bound_ms;
	struct wakeup stopping; /* set by the first signal */
	_Atomic int sig;        /* the first one */
	const char *_Atomic part;
} guard;

static void *thread_main(void *unused)
{
	int sig = stop_wait(STOP_WAIT_FOREVER);

	(void)unused;
	atomic_store(&guard.sig, sig);
	log_info(guard.who, "stopping", "signal=%d", sig);
	wakeup_set(&guard.stopping);
	sig = stop_wait(guard.bound_ms);
	if (sig > 0) {
		log_warn(guard.who, "second signal, ending at once", "signal=%d part=%s", sig,
			 atomic_load(&guard.part));
		log_stop();
		stop_die(sig);
	}
	log_error(guard.who, "the stop takes too long, ending at once", "part=%s after_ms=%" PRId64,
		  atomic_load(&guard.part), guard.bound_ms);
	log_stop();
	_exit(STOP_GUARD_STATUS);
}

enum status stop_guard_start(const char *who, int64_t bound_ms, struct error *err)
{
	pthread_t thread;

	guard.who = who;
	guard.bound_ms = bound_ms;
	atomic_store(&guard.part, "start");
	if (wakeup_init(&guard.stopping, err) != ST_OK)
		return err->status;
	if (pthread_create(&thread, NULL, thread_main, NULL) != 0)
		return error_set(err, ST_INTERNAL, "cannot start a thread for the signals");
	(void)pthread_detach(thread);
	return ST_OK;
}

int stop_guard_wait(int64_t timeout_ms)
{
	(void)wakeup_wait(&guard.stopping, -1, timeout_ms);
	return atomic_load(&guard.sig);
}

void stop_guard_at(const char *part)
{
	atomic_store(&guard.part, part);
}
