/*
 * What PostgreSQL knows, read as the owner of both schemas: one read-only snapshot, row by row, so
 * that memory goes to the history only. A server that sends nothing for a minute is ST_UNAVAILABLE.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_VERIFY_HISTORY_READ_TABLES_H
#define TOOLS_VERIFY_HISTORY_READ_TABLES_H

#include "common/base/error.h"
#include "common/pg/pg.h"
#include "tools/verify-history/history.h"

struct read_tables;

/* All that it asks. */
extern const struct pg_statement read_tables_statements[];

/* ST_UNAVAILABLE: PostgreSQL cannot be had. url is borrowed for the call. */
MUST_CHECK enum status read_tables_open(struct read_tables **out, const char *url,
					struct error *err);
void read_tables_close(struct read_tables *tables);

/*
 * Fills orders, effects, skipped and parked versions, positions and what is left in the
 * outboxes. Effects first, by their id.
 */
MUST_CHECK enum status read_tables_all(struct read_tables *tables, const char *topic,
				       struct history *h, struct error *err);

/* Only the positions and what waits in the outboxes, for the wait until all is drained. */
MUST_CHECK enum status read_tables_progress(struct read_tables *tables, const char *topic,
					    struct history *h, struct error *err);

#endif
