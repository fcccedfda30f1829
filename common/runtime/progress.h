/*
 * Whether a part of the process does its work. A part says each time that it got on: it did
 * something, or had nothing to do. When it has not for longer than its bound, it stands still: the
 * service is not ready, a metric tells for how long, the log says so once (common/service/watch.h).
 *
 * Invariant: a part that waits for something that does not come never says that it got on, whatever
 * it does meanwhile: retrying is no progress.
 *
 * To stand still is not to hang. A part whose server is away stands still, and its thread goes
 * round: it tries again, and a restart would help nobody. One whose thread hangs goes round no
 * more, and only a new process helps (common/service/watch.h).
 *
 * Threads: init and fini from one, before and after all others; everything else from any.
 */
#ifndef COMMON_RUNTIME_PROGRESS_H
#define COMMON_RUNTIME_PROGRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/strbuf.h"

#define PROGRESS_BOUND_MS 10000 /* longer than a fail-over of Kafka takes */

struct progress {
	const char *name; /* "relay": its key in /readyz, the label of its metric */
	int64_t bound_ms;
	bool (*busy)(void *context); /* NULL: always, unless it is idle */
	void *context;
	_Atomic int64_t made_mono_ms;
	_Atomic int64_t turned_mono_ms; /* 0: never said */
	pthread_mutex_t mu;
	char why[200];        /* guarded by mu */
	int64_t held_mono_ms; /* when why was said; guarded by mu */
};

/* Counts as progress: a part has its bound to begin with. name is borrowed. */
void progress_init(struct progress *progress, const char *name, int64_t bound_ms);
void progress_fini(struct progress *progress);

/* For a part of several threads, none of which knows whether all together have something to do: it
 * is idle whenever busy says no. Before other threads use it. */
void progress_when(struct progress *progress, bool (*busy)(void *context), void *context);

/* The part got on. Costs a clock and a store. */
void progress_made(struct progress *progress);

/* For a part that sleeps until it is given something: it has nothing to do, and cannot stand still
 * until it has; it has something to do, since now if it had nothing. */
void progress_idle(struct progress *progress);
void progress_begin(struct progress *progress);

/* Why the part cannot get on now, for whoever asks while it stands still. Does not count as
 * progress. */
void progress_held(struct progress *progress, const char *why);

/* The part's own thread goes round, whether or not the part gets on. Costs a clock and a store. For
 * a thread all of whose waits end by themselves; one that may wait for others for as long as a
 * setting says never calls it, and never hangs. */
void progress_turned(struct progress *progress);

/* True if the part's thread has not gone round, and said nothing else either, for PROGRESS_HANG
 * times its bound: longer than all that it may wait for between two rounds, one after the other.
 * Not for one that is idle by progress_idle: it sleeps. */
#define PROGRESS_HANG 12
bool progress_hangs(struct progress *progress);

/* The time since it last got on; 0 for one that is idle. */
int64_t progress_age_ms(const struct progress *progress);

/* True if it stands still; then adds "relay: nothing done for 12 s: <why>" to text. */
bool progress_stands_still(struct progress *progress, struct strbuf *text);

#endif
