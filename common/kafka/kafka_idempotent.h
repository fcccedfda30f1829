/*
 * librdkafka's producer, set up so that a message is on the topic once and in order: idempotent,
 * acks=all, no message ever times out. A message that is not has a delivery report that says why.
 * With settings->transactional_id it is transactional: what is not committed within
 * KAFKA_TRANSACTION_TIMEOUT_MS is aborted by the brokers.
 *
 * Threads: opening from one; the handle is librdkafka's and thread-safe.
 */
#ifndef COMMON_KAFKA_KAFKA_IDEMPOTENT_H
#define COMMON_KAFKA_KAFKA_IDEMPOTENT_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"

/* Longer than a leader that hangs is waited for. It also bounds for how long a relay that died, and
 * has no successor, holds up consumers that read committed. */
#define KAFKA_TRANSACTION_TIMEOUT_MS "10000"

typedef void kafka_idempotent_report(rd_kafka_t *rk, const rd_kafka_message_t *message,
				     void *opaque);

/*
 * Keys go to the partitions that Java's default partitioner gives them; messages without a key go
 * round-robin, counted in turn, which outlives the producer. on_report runs on the thread that
 * polls. Returns owned (rd_kafka_destroy). ST_INVALID: a setting.
 */
MUST_CHECK enum status kafka_idempotent_new(rd_kafka_t **out, const struct kafka_settings *settings,
					    kafka_idempotent_report *on_report, void *opaque,
					    _Atomic uint32_t *turn, struct error *err);

#endif
