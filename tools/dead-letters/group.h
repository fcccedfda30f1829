/*
 * The committed offsets of the client's consumer group, asked for and set in bounded time. A
 * broker that has just started has no coordinator for the group yet: that is waited for.
 *
 * Threads: one owner of rk.
 */
#ifndef TOOLS_DEAD_LETTERS_GROUP_H
#define TOOLS_DEAD_LETTERS_GROUP_H

#include <librdkafka/rdkafka.h>

/* Fills in the offsets; one that is below zero: never committed. */
rd_kafka_resp_err_t group_committed(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list);

/* RD_KAFKA_RESP_ERR__TIMED_OUT: the commit may still be under way. */
rd_kafka_resp_err_t group_commit(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list);

#endif
