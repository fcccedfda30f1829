/*
 * What a relay has done, for its metrics.
 *
 * Threads: written by the relay's, read by any.
 */
#ifndef COMMON_OUTBOX_RELAY_COUNTS_H
#define COMMON_OUTBOX_RELAY_COUNTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/metrics.h"
#include "common/outbox/relay_ledger.h"

struct relay_counts {
	_Atomic int64_t fetches, published, refused, retried, database_errors, given_up, unnotified,
		recovered;
	_Atomic int64_t topics_failing;
	_Atomic bool active;
	struct histogram batch_size, publish_us;
};

void relay_counts_init(struct relay_counts *counts);

/* A batch whose verdicts are in the database. */
void relay_counts_batch(struct relay_counts *counts, const struct relay_ledger *ledger);

void relay_counts_metrics(const struct relay_counts *counts, struct metrics_out *out);

#endif
