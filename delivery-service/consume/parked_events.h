/*
 * Looks after the parked events once a second: those that were given up are passed, those that
 * nothing will wake any more are woken, and how many wait, and how long, is told.
 *
 * Threads: the delivery loop's; the gauges are read by any.
 */
#ifndef DELIVERY_SERVICE_CONSUME_PARKED_EVENTS_H
#define DELIVERY_SERVICE_CONSUME_PARKED_EVENTS_H

#include "common/base/metrics.h"
#include "delivery-service/store/delivery_store.h"

struct parked_events {
	bool resume_all; /* at the next look, search for all that can be applied */
	int64_t next_mono_ms;
	int64_t next_warning_mono_ms;
	_Atomic int64_t count, oldest_wall_ms, order_id, missing;
};

/* A write of the loop is told, a partition was assigned: there may be more to resume. */
void parked_events_written(struct parked_events *parked_events,
			   const struct delivery_written *written);
void parked_events_request_all(struct parked_events *parked_events);

/* When the next look is due. */
int64_t parked_events_due(const struct parked_events *parked_events);

/* Looks, if it is due. An error is returned once and the look repeated a second later. */
MUST_CHECK enum status parked_events_resume(struct parked_events *parked_events,
					    struct delivery_store *store, struct error *err);

/* "3 events, the oldest for 42 s: order 7 waits for version 2", or nothing. Any thread. */
void parked_events_describe(const struct parked_events *parked_events, struct strbuf *out);

void parked_events_metrics(const struct parked_events *parked_events, struct metrics_out *out);

#endif
