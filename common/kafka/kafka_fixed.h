/*
 * Properties of librdkafka that the code relies on. KAFKA_CONF may set any other: with one of these
 * changed, a service would run, be ready, and lose, duplicate, reorder or stop something.
 *
 * Threads: any; values only.
 */
#ifndef COMMON_KAFKA_KAFKA_FIXED_H
#define COMMON_KAFKA_KAFKA_FIXED_H

#include <librdkafka/rdkafka.h>

#include "common/base/error.h"

struct kafka_fixed {
	const char *name;   /* as librdkafka documents it; an alias is found too */
	const char *reason; /* why, as the end of a sentence */
};

/* Of the delivery loop's consumer, of the relays' producer, of the tools that read a topic. Each
 * ends with one without a name. */
extern const struct kafka_fixed kafka_fixed_consumer[], kafka_fixed_producer[],
	kafka_fixed_reader[];

#define KAFKA_FIXED_MAX 16 /* properties of a role */

/* The values that they had. */
struct kafka_fixed_values {
	char text[KAFKA_FIXED_MAX][64];
};

void kafka_fixed_remember(struct kafka_fixed_values *values, const struct kafka_fixed *fixed,
			  const rd_kafka_conf_t *conf);

/* ST_INVALID: one of them has another value now; the text names it and says why it may not. */
MUST_CHECK enum status kafka_fixed_check(const struct kafka_fixed_values *values,
					 const struct kafka_fixed *fixed,
					 const rd_kafka_conf_t *conf, struct error *err);

#endif
