/*
 * What viewers are told, in order, each with a number: a ring of the latest messages, so that one
 * who comes, or comes back, catches up without a gap. Pure.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_PAGE_FEED_H
#define TOOLS_PAGE_FEED_H

#include <stddef.h>
#include <stdint.h>

#define FEED_ENTRIES 1024
#define FEED_BYTES   (2 * 1024 * 1024) /* of all texts; older ones go first */

struct feed_entry {
	int64_t number;
	const char *name; /* of the event; static */
	char *text;       /* owned */
	size_t len;
};

struct feed {
	struct feed_entry ring[FEED_ENTRIES];
	int64_t first, next; /* numbers: those from first to next - 1 are there */
	size_t bytes;
};

/*
 * Begins with the number first, above 0: above all that the feed of an earlier process gave, since
 * who comes back says such a number.
 */
void feed_init(struct feed *feed, int64_t first);
void feed_fini(struct feed *feed);

/* Takes text (malloc'd). */
void feed_add(struct feed *feed, const char *name, char *text);

/* Forgets everything; numbers go on. */
void feed_clear(struct feed *feed);

/* The entry of that number; NULL: it is no longer there, or not yet. Borrowed until the next
 * add. */
const struct feed_entry *feed_at(const struct feed *feed, int64_t number);

/*
 * Where somebody goes on who has seen the entry last (0: none), and whether there is a gap before
 * it: then everything that was told before has to be forgotten.
 */
int64_t feed_resume(const struct feed *feed, int64_t last, int *gap);

#endif
