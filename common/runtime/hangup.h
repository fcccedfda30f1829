/*
 * SIGHUP as "read your files again". It is blocked before any thread starts, and one thread waits
 * for it; a program that does not block it ends by it, as any does.
 *
 * Threads: hangup_block main only, before the first thread; the rest from one. act runs on a thread
 * of its own.
 */
#ifndef COMMON_RUNTIME_HANGUP_H
#define COMMON_RUNTIME_HANGUP_H

#include "common/base/error.h"

struct hangup;

/* For this and all later threads. */
void hangup_block(void);

/* Calls act at each SIGHUP until stop; several that come at once may be one. ST_INTERNAL: no thread
 * or descriptor is left. */
MUST_CHECK enum status hangup_start(struct hangup **out, void (*act)(void *context), void *context,
				    struct error *err);

/* Waits for act to end. NULL is fine. */
void hangup_stop(struct hangup *hangup);

#endif
