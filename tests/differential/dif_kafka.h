/*
 * Random calls through the narrow modules of Kafka: kafka_producer.h, kafka_consumer.h,
 * kafka_state.h. Seed and count decide all of it; every call and its answer is a line on stdout,
 * and what the members of the group are given, by partition.
 *
 * At most one transaction is open at a time: of two it would be no promise of Kafka's when the
 * control records of the first are there. Which member has which partition is not compared, only
 * how many each has.
 *
 * Threads: one.
 */
#ifndef TESTS_DIFFERENTIAL_DIF_KAFKA_H
#define TESTS_DIFFERENTIAL_DIF_KAFKA_H

#include <stdint.h>

void dif_kafka_run(uint64_t seed, int calls);

#endif
