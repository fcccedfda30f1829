/*
 * What the readers' threads bring to the page's one loop, until it is closed.
 *
 * Threads: mailbox_put and mailbox_pause from any; the rest from the loop's.
 */
#ifndef TOOLS_PAGE_MAILBOX_H
#define TOOLS_PAGE_MAILBOX_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

enum mail_kind {
	MAIL_MESSAGES,
	MAIL_EFFECTS,
	MAIL_POSITIONS,
	MAIL_HISTORY,
	MAIL_SERVICES,
	MAIL_OUTPUT,
	MAIL_ACTION
};

#define MAILBOX_MAX 256 /* a reader that finds it full drops what it has */

struct mail {
	enum mail_kind kind;
	json_t *content; /* owned */
};

struct mailbox {
	pthread_mutex_t mu;
	struct mail mails[MAILBOX_MAX]; /* guarded by mu: the oldest at first */
	size_t first, count;            /* guarded by mu */
	bool closed;                    /* guarded by mu */
	pthread_cond_t closing;
	int fd; /* an eventfd, readable while there is mail */
};

/* ST_INTERNAL: no descriptor is left. */
MUST_CHECK enum status mailbox_init(struct mailbox *box, struct error *err);
void mailbox_fini(struct mailbox *box);

/* The readers end. */
void mailbox_close(struct mailbox *box);

/* A reader's pause of so many ms; 0: none. False: the box was closed, at once. */
bool mailbox_pause(struct mailbox *box, int64_t ms);

/* Takes content (NULL: nothing happens). False: full, and content is dropped. */
bool mailbox_put(struct mailbox *box, enum mail_kind kind, json_t *content);

/* The oldest, the caller's now. False: there is none. */
bool mailbox_take(struct mailbox *box, struct mail *mail);

#endif
