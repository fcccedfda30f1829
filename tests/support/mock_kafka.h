/*
 * A Kafka inside the test's process, librdkafka's own mock cluster: its brokers answer what the
 * test tells them to. From mock_kafka_open on the fixture's readers and services talk to it, and no
 * longer to the Kafka of the run.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_MOCK_KAFKA_H
#define TESTS_SUPPORT_MOCK_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/* ApiKeys of requests. */
#define MOCK_PRODUCE          0
#define MOCK_FETCH            1
#define MOCK_LIST_OFFSETS     2
#define MOCK_FIND_COORDINATOR 10
#define MOCK_JOIN_GROUP       11

/* Lives as long as the process. The fixture's topic is there, with so many partitions. */
rd_kafka_mock_cluster_t *mock_kafka_open(int brokers, int partitions);

#endif
