/*
 * The delivery loop: one thread that polls, lets each event be worked for its time, and writes
 * what is done in batches. It alone touches consumer, lanes, partitions and store, so a rebalance
 * or a stop always falls between two transactions; work in progress is simply forgotten then and
 * done anew by the partition's next owner.
 *
 * Threads: open, stop and close from main; metrics and reachable from any.
 */
#ifndef DELIVERY_SERVICE_DELIVERY_LOOP_H
#define DELIVERY_SERVICE_DELIVERY_LOOP_H

#include <stdbool.h>

#include "common/error.h"
#include "common/kafka_client.h"
#include "common/metrics.h"
#include "delivery-service/work.h"

struct delivery_loop;

/* Which events wait for each other: those of a partition, of an order, or none. */
enum processing_order { PROCESSING_PARTITION, PROCESSING_KEY, PROCESSING_UNORDERED };

/* How threads share the work: an event each, one thread for all events, or an event in equal parts.
 */
enum worker_model { WORKERS_POOL, WORKERS_SINGLE, WORKERS_SPLIT };

struct delivery_loop_config {
	const char *database_url;
	const char *group;
	const char *replica;
	struct kafka_settings kafka;
	int64_t delay_ms;  /* the simulated work ... */
	unsigned delay_on; /* ... of the types whose bit (1 << enum event_type) is set */
	enum work_kind work;
	/* Of threads, unless the work only takes time. workers is ignored by WORKERS_SINGLE; 0: one
	 * per processor, with WORKERS_SPLIT 5. */
	enum worker_model worker_model;
	int workers;
	enum processing_order processing_order;
	int64_t max_concurrency; /* events in work at once */
	bool in_sequence;        /* SEQUENCING=enforce */
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
