/*
 * Outbox rows become messages, and reports become verdicts in the ledger. One batch at a time. With
 * kafka's transactional id a batch is a transaction (relay_transaction.h).
 *
 * Threads: the relay's; relay_publisher_reachable from any.
 */
#ifndef COMMON_OUTBOX_RELAY_PUBLISHER_H
#define COMMON_OUTBOX_RELAY_PUBLISHER_H

#include <stdbool.h>

#include "common/kafka/kafka_settings.h"
#include "common/otlp/otlp.h"
#include "common/outbox/relay_ledger.h"
#include "common/outbox/relay_topics.h"
#include "common/pg/pg.h"

struct relay_publisher;

/* keyed, otlp: see relay_config. kafka's strings and state_topic are borrowed until close.
 * ST_INVALID: a setting. */
MUST_CHECK enum status relay_publisher_open(struct relay_publisher **out,
					    const struct kafka_settings *kafka,
					    const char *state_topic, bool keyed, struct otlp *otlp,
					    struct error *err);

/* Drops what is still outstanding. */
void relay_publisher_close(struct relay_publisher *publisher);

/* Starts a batch: rows of id, topic, key, type, headers, payload, created_at in outbox order, at
 * most RELAY_BATCH_MAX. They are copied. The publisher is ready. */
void relay_publisher_publish(struct relay_publisher *publisher, const PGresult *rows);

/* Sends what is queued, without lingering, and waits for reports, up to timeout_ms. False: nothing
 * can be sent until the producer is abandoned. */
bool relay_publisher_poll(struct relay_publisher *publisher, int timeout_ms);

/* What is outstanding counts as to be retried, and will not reach Kafka late: a new producer
 * takes over. */
void relay_publisher_abandon(struct relay_publisher *publisher);

/*
 * With transactions a new producer, and each new term of the lease, has to be made ready. prepare
 * takes the transactional id from whoever has it; then the rows of the last committed transaction
 * are to be read, and deleted from the outbox, before any row is read that is published
 * (relay_recover.h). ST_UNAVAILABLE: not yet.
 */
bool relay_publisher_is_ready(const struct relay_publisher *publisher, int64_t term);
MUST_CHECK enum status relay_publisher_prepare(struct relay_publisher *publisher, int64_t term,
					       int timeout_ms, struct error *err);
void relay_publisher_recovered(struct relay_publisher *publisher);

/* True if what is outstanding is of topics that lack a leader, as brokers say that answer: the rows
 * of other topics need not wait for it. */
bool relay_publisher_lacks_leader(struct relay_publisher *publisher);

/* A topic that fails costs the others time, so those are held back for longer that still cannot be
 * sent to, as the brokers say. Before rows are read. False: of one of them they said nothing, since
 * no broker answers. */
bool relay_publisher_hold_failing(struct relay_publisher *publisher);

/* The batch has its verdicts, and the rows that were given to publish are still there. */
void relay_publisher_end_spans(struct relay_publisher *publisher);

/* The verdicts on the batch. */
const struct relay_ledger *relay_publisher_ledger(const struct relay_publisher *publisher);

/* Of the batch's rows, and those that fail. */
struct relay_topics *relay_publisher_topics(struct relay_publisher *publisher);

/* The verdicts are dealt with. */
void relay_publisher_forget(struct relay_publisher *publisher);

/* True if the broker answers now (blocks up to half a second). */
bool relay_publisher_reachable(struct relay_publisher *publisher);

#endif
