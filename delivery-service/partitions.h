/*
 * The partitions this replica owns, and how far each is. Pure.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_PARTITIONS_H
#define DELIVERY_SERVICE_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct partition {
	int32_t number;
	int64_t epoch;         /* fencing token of this assignment */
	int64_t next_read;     /* the next message to be taken in; older ones are repeats */
	int64_t next_offset;   /* everything below is done (decided or skipped) */
	int64_t stored_offset; /* next_offset as last written to the database */
	size_t held_messages;  /* taken in and not done */
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

/* Adds it as done up to offset. False: out of memory. */
bool partitions_add(struct partitions *ps, int32_t number, int64_t offset, int64_t epoch);
void partitions_remove(struct partitions *ps, int32_t number);

/* True if some position is further than the database knows. */
bool partitions_dirty(const struct partitions *ps);

#endif
