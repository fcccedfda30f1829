/*
 * Where the next read of the outbox begins. Deleted rows stay in the table and its index while a
 * transaction is open that might see them: a read from the beginning would visit all of them. So it
 * begins at low. Pure.
 *
 * Invariant: no row with an id below low is visible now, nor will one be committed.
 *
 * Ids are drawn before the commit, so the lowest id that is visible is no such bound. What makes it
 * one:
 *  1. A writer locks the table (RowExclusiveLock) before it draws an id from the sequence, which
 *     goes up by one and is cached by nobody. The lock ends after the commit can be seen. So who
 *     drew an id by a time, and does not have the lock after it, has ended, and a later snapshot
 *     sees what it committed.
 *  2. When a row is read, each lower id has been drawn. seen is the highest id read.
 *  3. A look at the locks after that read lists the transactions that have one: all that may still
 *     commit an id up to seen are among them. When none of them has its lock any more, each id up
 *     to seen is decided: its row is committed, or never will be.
 *  4. A read that begins after that, from low upwards, sees every row up to decided that is left.
 *     The ids below its first row, and not above decided, are gone.
 * New writers draw higher ids, so they do not matter, and no transaction that only reads does.
 *
 * What is true in one session of the database is true in the next, and after a fail-over: low is
 * kept in the row of the lease, and a state of the database that has this row has the commits
 * before it (relay_lease.h). What is listed is of one server: a new session begins with an empty
 * list.
 *
 * Threads: one owner.
 */
#ifndef COMMON_OUTBOX_RELAY_BOUND_H
#define COMMON_OUTBOX_RELAY_BOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_BOUND_LOOK_ROWS 2000 /* so many rows are read between two looks */

struct relay_bound {
	int64_t low;
	int64_t decided;    /* each id up to it is decided */
	int64_t seen;       /* the highest id read */
	int64_t candidate;  /* decided once the writers have ended; 0: none are awaited */
	char writers[1024]; /* the transactions that the last look listed, as an array */
	size_t rows;        /* read since the last look */
};

/* Begins a session of the database. low is what the lease's row has. */
void relay_bound_begin(struct relay_bound *bound, int64_t low);

/* True if the locks are to be looked at along with the next read. */
bool relay_bound_due(const struct relay_bound *bound);

/*
 * A read of all rows from low upwards brought count rows, with ids from first to last; 0 and 0 if
 * none. It began after the last relay_bound_looked. all: it left no row out in between.
 */
void relay_bound_read(struct relay_bound *bound, int64_t first, int64_t last, size_t count,
		      bool all);

/*
 * A look at the locks, of the same transaction as the read that relay_bound_read is called for
 * after it: writers lists the transactions that have the lock ("{}": none does); any_left tells
 * whether one of bound->writers does.
 */
void relay_bound_looked(struct relay_bound *bound, const char *writers, bool any_left);

#endif
