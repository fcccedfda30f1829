/*
 * The delivery loop: one thread that polls, lets each event be worked for its time, and writes
 * what is done in batches. It alone touches consumer, workload, partitions and store, so a
 * rebalance or a stop always falls between two transactions; work in progress is simply forgotten
 * then and done anew by the partition's next owner.
 *
 * Threads: open, stop and close from main; metrics and reachable from any.
 */
#ifndef DELIVERY_SERVICE_CONSUME_DELIVERY_LOOP_H
#define DELIVERY_SERVICE_CONSUME_DELIVERY_LOOP_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/kafka/kafka_settings.h"
#include "delivery-service/work/scheduler.h"

struct delivery_loop;

struct delivery_loop_config {
	const char *database_url;
	const char *group;
	const char *replica;
	struct kafka_settings kafka;
	struct scheduler_settings scheduler;
	bool in_sequence; /* SEQUENCING=enforce */
};

/* Starts the thread; database and broker need not be there yet. config's strings are
 * borrowed until close; a loop that cannot go on requests the stop. */
MUST_CHECK enum status delivery_loop_open(struct delivery_loop **out,
					  const struct delivery_loop_config *config,
					  struct error *err);

/* Ends the loop between two transactions and leaves the group; once is enough, twice harmless. */
void delivery_loop_stop(struct delivery_loop *loop);

/* Stops, and frees. */
void delivery_loop_close(struct delivery_loop *loop);

bool delivery_loop_broker_reachable(struct delivery_loop *loop);

/* What is parked, in words; nothing if nothing is. */
void delivery_loop_parked(struct delivery_loop *loop, struct strbuf *out);

void delivery_loop_metrics(struct delivery_loop *loop, struct metrics_out *out);

#endif
