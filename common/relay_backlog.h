/*
 * How much waits in the outbox, and for how long: looked up once a second by every relay, the
 * standby too, so that it is known when nobody publishes. Between two looks, and while the database
 * is away, the age of what waits goes on.
 *
 * Threads: the relay's; relay_backlog_metrics any.
 */
#ifndef COMMON_RELAY_BACKLOG_H
#define COMMON_RELAY_BACKLOG_H

#include "common/metrics.h"
#include "common/pg.h"

/* A longer outbox counts as so many: counting takes the database some 10 ms then. */
#define RELAY_BACKLOG_MAX "100000"

/* For the relay's statement table. */
#define RELAY_BACKLOG_STATEMENT                                                                    \
	{                                                                                          \
		"relay_backlog", "select count(*), (coalesce(extract(epoch from "                  \
				 "clock_timestamp() - min(created_at)), 0) * 1000)::int8 "         \
				 "from (select created_at from outbox order by id "                \
				 "limit " RELAY_BACKLOG_MAX ") o"                                  \
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
