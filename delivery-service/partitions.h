/*
 * The partitions this replica owns, how far each is, and what of it is in hand. Pure.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_PARTITIONS_H
#define DELIVERY_SERVICE_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery-service/inbound.h"
#include "delivery-service/progress.h"

struct partition {
	int32_t number;
	int64_t epoch;              /* fencing token of this assignment */
	struct progress progress;   /* as the database has it; owned */
	int64_t next_read;          /* the next message to be taken in; older ones are repeats */
	struct inbound *last;       /* the latest taken in, while it is in hand; borrowed */
	struct offset_range passed; /* offsets that needed no work and follow on nothing in hand */
	size_t held_events;         /* taken in and not worked yet */
	size_t held_bytes;
	bool paused;
	int64_t reclaim_at_mono_ms; /* not 0: fenced; nothing is done for it until it is claimed
				       anew */
};

struct partitions {
	struct partition *list; /* owned */
	size_t count, capacity;
};

void partitions_fini(struct partitions *ps);

/* NULL: not ours. Valid until the next add or remove. */
struct partition *partitions_find(const struct partitions *ps, int32_t number);

/* Adds it, or begins it anew, as far as progress says (taken over). NULL: out of memory. */
struct partition *partitions_add(struct partitions *ps, int32_t number, int64_t epoch,
				 struct progress *progress);
void partitions_remove(struct partitions *ps, int32_t number);

/*
 * The offsets from next_read to end - 1 need no work: messages for others, what was done before,
 * holes in the log. They share the fate of the event before them, so that they do not become
 * ranges of their own in the database.
 */
void partition_pass(struct partition *p, int64_t end);

/* in was taken in at next_read. */
void partition_hold(struct partition *p, struct inbound *in);
/* Its work is done, it has yet to be written. */
void partition_worked(struct partition *p, const struct inbound *in);
/* It is not in hand any more: written, or given up with all others (forget_all). */
void partition_forget(struct partition *p, const struct inbound *in);
void partition_forget_all(struct partition *p);

#endif
