/*
 * The offsets that Kafka has of the fixture's consumer group, as its tools show and change them.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_GROUP_H
#define TESTS_SUPPORT_GROUP_H

#include <stdint.h>

/* What is committed for the partition of the fixture's topic; -1: nothing. */
int64_t group_committed(int partition);

/* As kafka-consumer-groups --reset-offsets and --delete-offsets do; the group has no members. */
void group_reset(int partition, int64_t offset);
void group_delete(int partition);

#endif
