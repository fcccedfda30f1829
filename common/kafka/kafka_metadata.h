/*
 * What the brokers say of one topic.
 *
 * Threads: any.
 */
#ifndef COMMON_KAFKA_KAFKA_METADATA_H
#define COMMON_KAFKA_KAFKA_METADATA_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

/* Asks for at most timeout_ms. *metadata: for rd_kafka_metadata_destroy, has the one topic, with
 * its own error; untouched if the code is not 0. RD_KAFKA_RESP_ERR__INVALID_ARG: no topic can have
 * that name. */
rd_kafka_resp_err_t kafka_metadata(rd_kafka_t *rk, const char *topic, int timeout_ms,
				   const struct rd_kafka_metadata **metadata);

/* A broker says who leads the partition. */
bool kafka_metadata_has_leader(rd_kafka_t *rk, const char *topic, int32_t partition,
			       int timeout_ms);

/* How many partitions the topic has, 0: it is not there; -1: nobody says. */
int32_t kafka_metadata_partitions(rd_kafka_t *rk, const char *topic, int timeout_ms);

#endif
