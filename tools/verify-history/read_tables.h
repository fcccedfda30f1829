/*
 * What PostgreSQL knows, read as the owner of both schemas: one read-only snapshot, row by row, so
 * that memory goes to the history only.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_VERIFY_HISTORY_READ_TABLES_H
#define TOOLS_VERIFY_HISTORY_READ_TABLES_H

#include "common/base/error.h"
#include "tools/verify-history/history.h"

struct tables;

/* ST_UNAVAILABLE: PostgreSQL cannot be had. url is borrowed for the call. */
MUST_CHECK enum status tables_open(struct tables **out, const char *url, struct error *err);
void tables_close(struct tables *tables);

/*
 * Fills orders, effects, given-up and parked versions, positions and what is left in the
 * outboxes. Effects first, by their id.
 */
MUST_CHECK enum status tables_read(struct tables *tables, const char *topic, struct history *h,
				   struct error *err);

/* Only the positions and what waits in the outboxes, for the wait until all is quiet. */
MUST_CHECK enum status tables_read_progress(struct tables *tables, const char *topic,
					    struct history *h, struct error *err);

#endif
