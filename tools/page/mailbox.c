#include "tools/page/mailbox.h"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/runtime/clock.h"

enum status mailbox_init(struct mailbox *box, struct error *err)
{
	box->first = box->count = 0;
	box->closed = false;
	(void)pthread_mutex_init(&box->mu, NULL);
	(void)pthread_cond_init(&box->closing, NULL);
	box->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return box->fd < 0 ? error_set(err, ST_INTERNAL, "eventfd failed") : ST_OK;
}

void mailbox_fini(struct mailbox *box)
{
	struct mail mail;

	while (mailbox_take(box, &mail))
		json_decref(mail.content);
	(void)close(box->fd);
	(void)pthread_cond_destroy(&box->closing);
	(void)pthread_mutex_destroy(&box->mu);
}

void mailbox_close(struct mailbox *box)
{
	(void)pthread_mutex_lock(&box->mu);
	box->closed = true;
	(void)pthread_cond_broadcast(&box->closing);
	(void)pthread_mutex_unlock(&box->mu);
}

bool mailbox_pause(struct mailbox *box, int64_t ms)
{
	const struct timespec end = clock_after_ms(ms);
	bool closed;
	int timed_out = 0;

	(void)pthread_mutex_lock(&box->mu);
	while (!box->closed && ms > 0 && timed_out == 0)
		timed_out = pthread_cond_clockwait(&box->closing, &box->mu, CLOCK_MONOTONIC, &end);
	closed = box->closed;
	(void)pthread_mutex_unlock(&box->mu);
	return !closed;
}

bool mailbox_put(struct mailbox *box, enum mail_kind kind, json_t *content)
{
	bool room;

	if (!content)
		return true;
	(void)pthread_mutex_lock(&box->mu);
	room = box->count < MAILBOX_MAX;
	if (room)
		box->mails[(box->first + box->count++) % MAILBOX_MAX] =
			(struct mail){ kind, content };
	(void)pthread_mutex_unlock(&box->mu);
	if (room)
		(void)eventfd_write(box->fd, 1);
	else
		json_decref(content);
	return room;
}

bool mailbox_take(struct mailbox *box, struct mail *mail)
{
	eventfd_t ignored;
	bool any;

	(void)eventfd_read(box->fd, &ignored); /* what comes from now on makes it readable again */
	(void)pthread_mutex_lock(&box->mu);
	any = box->count > 0;
	if (any) {
		*mail = box->mails[box->first];
		box->first = (box->first + 1) % MAILBOX_MAX;
		box->count--;
	}
	(void)pthread_mutex_unlock(&box->mu);
	return any;
}
