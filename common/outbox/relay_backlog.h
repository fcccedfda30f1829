/*
 * How much waits in the outbox, and for how long: looked up once a second by every relay, the
 * standby too, so that it is known when nobody publishes. Between two looks, and while the database
 * is away, the age of what waits goes on.
 *
 * Threads: the relay's; relay_backlog_metrics any.
 */
#ifndef COMMON_OUTBOX_RELAY_BACKLOG_H
#define COMMON_OUTBOX_RELAY_BACKLOG_H

#include "common/base/metrics.h"
#include "common/pg/pg.h"

/*
 * For the relay's statement table. It looks at both ends of the index only: a count would read the
 * whole table, which is long when it is busy. So ids that were never committed, and events in the
 * middle that are published already, are counted too.
 */
#define RELAY_BACKLOG_STATEMENT                                                                    \
	{                                                                                          \
		"relay_backlog",                                                                   \
			"select coalesce(max(id) - min(id) + 1, 0), "                              \
			"coalesce((extract(epoch from clock_timestamp() - ("                       \
			"select created_at from outbox order by id limit 1)) * 1000)::int8, 0) "   \
			"from outbox"                                                              \
	}

struct relay_backlog {
	int64_t next_mono_ms;
	_Atomic int64_t count;
	_Atomic int64_t oldest_mono_ms; /* since when the oldest waits */
};

/* Looks, if it is due. An error is returned once and the look repeated a second later. */
MUST_CHECK enum status relay_backlog_look(struct relay_backlog *backlog, struct pg *pg,
					  struct error *err);

void relay_backlog_metrics(const struct relay_backlog *backlog, struct metrics_out *out);

#endif
