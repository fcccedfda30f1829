#include "common/runtime/wakeup.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum status wakeup_init(struct wakeup *w, struct error *err)
{
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->fd < 0 ? error_set(err, ST_INTERNAL, "eventfd failed") : ST_OK;
}

void wakeup_fini(struct wakeup *w)
{
	(void)close(w->fd);
}

void wakeup_set(struct wakeup *w)
{
	(void)eventfd_write(w->fd, 1); /* fails only if it was set 2^64 times */
}

void wakeup_clear(struct wakeup *w)
{
	eventfd_t ignored;

	(void)eventfd_read(w->fd, &ignored); /* fails if it was not set */
}

bool wakeup_wait(const struct wakeup *w, int socket, int64_t timeout_ms)
{
	struct pollfd fds[] = { { .fd = w->fd, .events = POLLIN },
				{ .fd = socket, .events = POLLIN } };

	return poll(fds, socket >= 0 ? 2 : 1, (int)timeout_ms) > 0 && fds[1].revents != 0;
}
