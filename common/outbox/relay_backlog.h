/*
 * How much waits in the outbox, and for how long: read once a second by every relay, the standby
 * too, so that it is known when nobody publishes. Between two reads, and while the database is
 * away, the age of what waits goes on.
 *
 * Threads: the relay's; relay_backlog_metrics any.
 */
#ifndef COMMON_OUTBOX_RELAY_BACKLOG_H
#define COMMON_OUTBOX_RELAY_BACKLOG_H

#include "common/base/metrics.h"
#include "common/pg/pg.h"

/* For the relay's session. */
extern const struct pg_statement relay_backlog_statements[];

struct relay_backlog {
	int64_t next_mono_ms;
	_Atomic int64_t count;
	_Atomic int64_t oldest_mono_ms; /* since when the oldest waits */
};

/* Reads it if that is due. low: what the relay knows of where the outbox begins (relay_bound.h); 0:
 * no more than the lease's row has. An error is returned once; the next read is a second later. */
MUST_CHECK enum status relay_backlog_refresh(struct relay_backlog *backlog, struct pg *pg,
					     int64_t low, struct error *err);

void relay_backlog_metrics(const struct relay_backlog *backlog, struct metrics_out *out);

#endif
