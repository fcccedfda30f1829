/*
 * Outbox rows become messages, and reports become verdicts in the ledger. One batch at a time.
 *
 * Threads: the relay's; relay_publisher_reachable from any.
 */
#ifndef COMMON_OUTBOX_RELAY_PUBLISHER_H
#define COMMON_OUTBOX_RELAY_PUBLISHER_H

#include <stdbool.h>

#include "common/kafka/kafka_settings.h"
#include "common/outbox/relay_ledger.h"
#include "common/outbox/relay_topics.h"
#include "common/pg/pg.h"

struct relay_publisher;

/* keyed: see relay_config. kafka's strings are borrowed until close. ST_INVALID: a setting. */
MUST_CHECK enum status relay_publisher_open(struct relay_publisher **out,
					    const struct kafka_settings *kafka, bool keyed,
					    struct error *err);

/* Drops what is still outstanding. */
void relay_publisher_close(struct relay_publisher *publisher);

/* Starts a batch: rows of id, topic, key, type, headers, payload in outbox order, at most
 * RELAY_BATCH_MAX. They are copied. */
void relay_publisher_publish(struct relay_publisher *publisher, const PGresult *rows);

/* Sends what is queued, without lingering, and waits for reports, up to timeout_ms. False: nothing
 * can be sent until the producer is abandoned. */
bool relay_publisher_poll(struct relay_publisher *publisher, int timeout_ms);

/* What is outstanding counts as to be retried, and will not reach Kafka late: a new producer
 * takes over. */
void relay_publisher_abandon(struct relay_publisher *publisher);

/* The verdicts on the batch. */
const struct relay_ledger *relay_publisher_ledger(const struct relay_publisher *publisher);

/* Of the batch's rows, and those that fail. */
struct relay_topics *relay_publisher_topics(struct relay_publisher *publisher);

/* The verdicts are dealt with. */
void relay_publisher_forget(struct relay_publisher *publisher);

/* True if the broker answers now (blocks up to half a second). */
bool relay_publisher_reachable(struct relay_publisher *publisher);

#endif
