/*
 * The settings of the consumer, each with its why.
 *
 * Threads: any.
 */
#ifndef COMMON_KAFKA_KAFKA_CONSUMER_CONF_H
#define COMMON_KAFKA_KAFKA_CONSUMER_CONF_H

#include <librdkafka/rdkafka.h>

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"

/* *out: owned by the caller, without callbacks. ST_INVALID: a setting. */
MUST_CHECK enum status kafka_consumer_conf(rd_kafka_conf_t **out,
					   const struct kafka_settings *settings, const char *group,
					   struct error *err);

#endif
