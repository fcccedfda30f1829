/*
 * The relay: publishes the outbox's rows to Kafka, in outbox order, each until Kafka has it.
 *
 * One relay per outbox is active, over any number of processes: it holds an advisory lock and
 * renews a lease row. A standby takes over as soon as the lock is free, and ends the database
 * session of a holder whose lease has run out (a stopped process keeps its session, so the lock
 * alone would wait for ever). A holder that comes back finds another name in the lease and reads
 * no more rows; what it had handed to Kafka before may appear twice: consumers know duplicates
 * by (order, version).
 *
 * A row is deleted after Kafka's acknowledgement. A row that Kafka refuses for good moves to
 * outbox_dead with the reason, and its key goes on.
 *
 * Threads: one thread of its own, which owns its connection and polls its producer. Open and
 * close from main; the rest from any thread.
 */
#ifndef COMMON_OUTBOX_RELAY_H
#define COMMON_OUTBOX_RELAY_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/kafka/kafka_client.h"

struct relay;

struct relay_config {
	const char *database_url;
	const char *instance; /* this process, in the lease and the logs */
	struct kafka_settings kafka;
	bool keyed; /* false: rows for kafka.topic are published without their key */
};

/* Starts the thread; the database and the broker need not be there yet. config's strings are
 * borrowed until close. ST_INVALID: a Kafka setting. */
MUST_CHECK enum status relay_open(struct relay **out, const struct relay_config *config,
				  struct error *err);

/* Waits a moment (bounded, under a second) for what Kafka has in hand, then ends the thread. */
void relay_close(struct relay *relay);

/* True if the broker answers now (blocks up to half a second). */
bool relay_broker_reachable(struct relay *relay);

void relay_metrics(struct relay *relay, struct metrics_out *out);

#endif
