/*
 * The delivery loop: one thread that polls, lets each event's work take its time, and writes what
 * is done in batches. It alone touches consumer, scheduler, partitions and store, so a rebalance or
 * a stop always falls between two transactions. Work in progress is dropped then, and done again by
 * the partition's next owner.
 *
 * Threads: open, start, stop and close from main; step from whoever drives it; the rest from any.
 */
#ifndef DELIVERY_SERVICE_CONSUME_DELIVERY_LOOP_H
#define DELIVERY_SERVICE_CONSUME_DELIVERY_LOOP_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/kafka/kafka_settings.h"
#include "common/runtime/progress.h"
#include "delivery-service/consume/delivery_span.h"
#include "delivery-service/work/in_flight.h"
#include "delivery-service/work/scheduler.h"

struct delivery_loop;

struct delivery_loop_config {
	const char *database_url;
	const char *group;
	const char *replica;
	struct kafka_settings kafka;
	struct scheduler_settings scheduler;
	bool in_sequence; /* SEQUENCING=enforce */
	struct delivery_span_config spans;
};

/* Database and broker need not be there yet. config's strings are borrowed until close. ST_INVALID:
 * a setting. ST_INTERNAL: no memory, or no threads. */
MUST_CHECK enum status delivery_loop_open(struct delivery_loop **out,
					  const struct delivery_loop_config *config,
					  struct error *err);

/* Starts the thread, which calls delivery_loop_step until the stop. A loop that fails requests the
 * stop of the service. ST_INTERNAL: there is no thread. */
MUST_CHECK enum status delivery_loop_start(struct delivery_loop *loop, struct error *err);

/*
 * One round: polls, until something is due or for 100 ms at most, and does what is due. It waits on
 * nothing but kafka_consumer, pg and clock. A program that drives the loop itself calls this
 * instead of delivery_loop_start.
 */
void delivery_loop_step(struct delivery_loop *loop);

/* Ends the loop between two transactions and leaves the group; once is enough, twice harmless. */
void delivery_loop_stop(struct delivery_loop *loop);

/* Stops, and frees. */
void delivery_loop_close(struct delivery_loop *loop);

/* It has ended by itself, and said why. */
bool delivery_loop_failed(const struct delivery_loop *loop);

bool delivery_loop_broker_reachable(struct delivery_loop *loop);

/* Whether the loop's thread goes round, and whether what is done gets written. */
struct progress *delivery_loop_progress(struct delivery_loop *loop);
struct progress *delivery_loop_write_progress(struct delivery_loop *loop);

/* Whether the threads that work get on; NULL: there are none. */
struct progress *delivery_loop_work_progress(struct delivery_loop *loop);

/* What the loop is at. */
struct in_flight *delivery_loop_in_flight(struct delivery_loop *loop);

/* What is parked, in words; nothing if nothing is. */
void delivery_loop_parked(struct delivery_loop *loop, struct strbuf *out);

void delivery_loop_metrics(struct delivery_loop *loop, struct metrics_out *out);

#endif
