/*
 * librdkafka, set up the way both services need it. Everything else is librdkafka's own API.
 *
 * Threads: opening and closing from one thread; the handles are librdkafka's and thread-safe.
 */
#ifndef COMMON_KAFKA_KAFKA_CLIENT_H
#define COMMON_KAFKA_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"

/* The same bounds for both sides: a dead letter is the original with more headers. */
#define KAFKA_MESSAGE_MAX_BYTES "2097152"

/*
 * The librdkafka settings both roles share, then pairs (name, value, ..., NULL), then
 * settings->extra. Returns owned (rd_kafka_conf_destroy, or taken by rd_kafka_new).
 * ST_INVALID: librdkafka refuses a property; the text names it.
 */
MUST_CHECK enum status kafka_conf(rd_kafka_conf_t **out, const struct kafka_settings *settings,
				  const char *const *pairs, struct error *err);

typedef void kafka_delivery_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);

/*
 * An idempotent producer (acks=all, no message ever times out): a message is on the topic once
 * and in order, or its delivery report says why not. Keys go to the partitions that Java's
 * default partitioner gives them; messages without a key go round-robin, counted in turn, which
 * outlives the producer. on_report runs on the thread that polls.
 */
MUST_CHECK enum status kafka_client_producer(rd_kafka_t **out,
					     const struct kafka_settings *settings,
					     kafka_delivery_report *on_report, void *opaque,
					     _Atomic uint32_t *turn, struct error *err);

/* True if the broker answers a metadata request within timeout_ms. */
bool kafka_reachable(rd_kafka_t *rk, int timeout_ms);

/*
 * A header's text, last one of that name. Spring's JSON quotes around it are not part of it.
 * False: no such header. *text is borrowed from the message and not NUL-terminated.
 */
bool kafka_header(const rd_kafka_message_t *message, const char *name, const char **text,
		  size_t *len);

#endif
