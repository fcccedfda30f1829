/*
 * Rows of the simulated PostgreSQL. A row has the version that is committed, and at most one that
 * a transaction has written and not committed: whoever writes holds the row's lock. Read committed:
 * a session sees what was committed when its statement began (one version back, at most, and no
 * row that was deleted since), and its own. Memory is the world's.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_TABLE_H
#define TESTS_SIMULATION_SIM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_NUMBERS 10
#define SIM_TEXTS   8

struct sim_text {
	const char *bytes; /* NULL: an SQL null */
	int len;
};

/* What a row says: each table's statements know which number and text is what. */
struct sim_value {
	int64_t number[SIM_NUMBERS];
	struct sim_text text[SIM_TEXTS];
};

struct sim_session;

struct sim_row {
	int64_t key[3];
	const struct sim_value *committed; /* NULL: there is no such row */
	const struct sim_value *written;   /* by owner; NULL: deleted */
	struct sim_session *owner;         /* holds the row's lock; NULL: nobody */
	const struct sim_value *before;    /* the version before the committed one */
	uint64_t committed_at;             /* the number of the commit that brought it */
};

struct sim_table {
	struct sim_row **rows; /* by key, ascending */
	size_t count, capacity;
};

/* NULL: there is none. */
struct sim_row *sim_table_find(const struct sim_table *table, int64_t a, int64_t b, int64_t c);
/* Makes it, without a version, if there is none. */
struct sim_row *sim_table_row(struct sim_table *table, int64_t a, int64_t b, int64_t c);
/* The first row that is not before the key; table->count: none. */
size_t sim_table_from(const struct sim_table *table, int64_t a, int64_t b, int64_t c);

/* Removes the row if no version is left of it. */
void sim_table_tidy(struct sim_table *table, struct sim_row *row);

/* What a session sees; NULL: no such row. row may be NULL. */
const struct sim_value *sim_table_see(const struct sim_row *row, const struct sim_session *session);

#endif
