/*
 * The relay: publishes the outbox's rows to Kafka, in outbox order, each until Kafka has it.
 *
 * One relay per outbox is active, over any number of processes: it renews a lease row.
 * A standby takes over when the lease has run out, and ends the database session of its holder. A
 * holder that comes back finds another name in the lease and reads no more rows; what it had sent
 * to Kafka before may appear twice: consumers know duplicates by (order, version).
 *
 * With transactions consumers that read committed see each event once: a batch is a Kafka
 * transaction that also says which rows it holds, and who takes over deletes the rows of the last
 * committed one before it publishes.
 *
 * A row is deleted after Kafka's acknowledgement. A row that Kafka refuses permanently
 * moves to outbox_dead with the reason, and its key goes on.
 *
 * The work is done in rounds. A round waits on pg, kafka_producer, kafka_state, clock and wakeup
 * only, and keeps its state in struct relay: whoever replaces these modules may run many relays on
 * one thread.
 *
 * Threads: relay_start makes one, which runs the rounds, owns the connection and polls the
 * producer. Open, start and close from main; relay_round and relay_settle from the one that runs
 * the rounds; the rest from any thread.
 */
#ifndef COMMON_OUTBOX_RELAY_H
#define COMMON_OUTBOX_RELAY_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/kafka/kafka_settings.h"
#include "common/otlp/otlp.h"
#include "common/runtime/progress.h"

struct relay;

struct relay_config {
	const char *database_url;
	const char *schema;   /* of the outbox */
	const char *instance; /* this process, in the lease and the logs */
	struct kafka_settings kafka;
	bool keyed; /* false: rows for kafka.topic are published without their key */
	/* The topic of the states of transactions; NULL: batches are no transactions. Then kafka
	 * has the transactional id, or it is made of schema and topic. */
	const char *state_topic;
	struct otlp *otlp; /* for the spans of rows; NULL: none; borrowed until close */
};

/* The database and the broker need not be there yet. config's strings are borrowed until close.
 * ST_INVALID: a Kafka setting. */
MUST_CHECK enum status relay_open(struct relay **out, const struct relay_config *config,
				  struct error *err);

/* Runs rounds until relay_close, on a thread of its own. ST_INTERNAL: there is no thread. */
MUST_CHECK enum status relay_start(struct relay *relay, struct error *err);

/* Waits a moment (bounded, under a second) for what is in flight, then ends the thread. */
void relay_close(struct relay *relay);

/*
 * For whoever drives the relay without relay_start. One round: keeps the lease, settles the last
 * batch and fetches the next one, publishes it and waits for its reports, or waits for work.
 * relay_stop ends the waits of the current round and of those that follow. relay_settle comes after
 * the last round: what was acknowledged must not be published again by the next holder.
 */
void relay_round(struct relay *relay);
void relay_stop(struct relay *relay);
void relay_settle(struct relay *relay);

/* True if the broker answers now (blocks up to half a second). */
bool relay_broker_reachable(struct relay *relay);

/* Whether the outbox goes on: the relay publishes, has nothing to publish, or stands by. NULL
 * without a relay. */
struct progress *relay_progress(struct relay *relay);

void relay_metrics(struct relay *relay, struct metrics_out *out);

#endif
