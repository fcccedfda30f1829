/*
 * What the delivery loop counts, and the metrics made of it. The order sentinel is here too: an
 * event applied after a newer one of its order is logged and counted the moment it happens.
 *
 * Threads: counted by the loop, read by any.
 */
#ifndef DELIVERY_SERVICE_CONSUME_DELIVERY_METRICS_H
#define DELIVERY_SERVICE_CONSUME_DELIVERY_METRICS_H

#include "common/base/metrics.h"
#include "delivery-service/core/delivery_batch.h"

struct delivery_metrics {
	_Atomic int64_t applied, resumed, late, parked, duplicates, dead_letters, skipped, fenced,
		assigned, revoked, write_errors, offsets_lost, log_returns, forgotten, conflicts,
		left;
	_Atomic int64_t in_work, waiting, partitions, member; /* gauges */
	struct histogram batch_size, batch_us, event_ms;
};

void delivery_metrics_init(struct delivery_metrics *counters);

/* Counts, and logs where an operator wants to know, what became of an event that was committed
 * now. */
void delivery_metrics_event(struct delivery_metrics *counters, const struct batch_event *event,
			    int64_t now_wall_ms);

void delivery_metrics_write(struct delivery_metrics *counters, struct metrics_out *out);

#endif
