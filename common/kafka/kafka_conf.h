/*
 * The settings of librdkafka that all our clients share. Everything else is librdkafka's own API.
 *
 * Threads: any; values only. librdkafka's log comes on its own threads.
 */
#ifndef COMMON_KAFKA_KAFKA_CONF_H
#define COMMON_KAFKA_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>

#include "common/base/error.h"
#include "common/kafka/kafka_fixed.h"
#include "common/kafka/kafka_settings.h"

/* The same bounds for both sides: a dead letter is the original with more headers. */
#define KAFKA_MESSAGE_MAX_BYTES "2097152"

/*
 * The librdkafka settings both roles share, then pairs (name, value, ..., NULL), then
 * settings->extra, where sasl.password.location names a file whose first line is sasl.password.
 * Returns owned (rd_kafka_conf_destroy, or taken by rd_kafka_new).
 * ST_INVALID: librdkafka refuses a property, or extra changes one that is fixed; the text names it.
 */
MUST_CHECK enum status kafka_conf(rd_kafka_conf_t **out, const struct kafka_settings *settings,
				  const char *const *pairs, const struct kafka_fixed *fixed,
				  struct error *err);

/* Sets what a user says as KAFKA_CONF says it. ST_INVALID: why, without any of its values. */
MUST_CHECK enum status kafka_conf_extra(rd_kafka_conf_t *conf, const char *text, struct error *err);

/* Sets further pairs, which are not the user's to change. ST_INVALID: librdkafka refuses one. */
MUST_CHECK enum status kafka_conf_set(rd_kafka_conf_t *conf, const char *const *pairs,
				      struct error *err);

/* A client with these settings. Takes conf, also on an error. ST_INVALID: librdkafka refuses them
 * together. */
MUST_CHECK enum status kafka_conf_client(rd_kafka_t **out, rd_kafka_type_t type,
					 rd_kafka_conf_t *conf, struct error *err);

#endif
