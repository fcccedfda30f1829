/*
 * Resumes parked events once a second: those whose missing predecessor was skipped, and those that
 * no event will resume any more. It also counts them, and how long the oldest has waited.
 *
 * Threads: the delivery loop's; the gauges are read by any.
 */
#ifndef DELIVERY_SERVICE_CONSUME_PARKED_EVENTS_H
#define DELIVERY_SERVICE_CONSUME_PARKED_EVENTS_H

#include "common/base/metrics.h"
#include "delivery-service/consume/batch_apply.h"

struct parked_events {
	bool resume_all; /* next time, search for all that can be applied */
	int64_t next_mono_ms;
	int64_t next_warning_mono_ms, next_log_mono_ms;
	_Atomic int64_t count, oldest_wall_ms, order_id, missing;
};

/* A batch was committed, a partition was assigned: there may be more to resume. */
void parked_events_applied(struct parked_events *parked_events,
			   const struct batch_applied *applied);
void parked_events_request_all(struct parked_events *parked_events);

/* When parked_events_resume is due. */
int64_t parked_events_due(const struct parked_events *parked_events);

/* Resumes and counts, if it is due. After an error, which is logged, it is due again a second
 * later.
 */
void parked_events_resume(struct parked_events *parked_events, struct batch_apply *apply);

/* "3 events, the oldest for 42 s: order 7 waits for version 2", or nothing. Any thread. */
void parked_events_describe(const struct parked_events *parked_events, struct strbuf *out);

void parked_events_metrics(const struct parked_events *parked_events, struct metrics_out *out);

#endif
