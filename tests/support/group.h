/*
 * The fixture's consumer group: the offsets that Kafka has of it, as its tools show and change
 * them, and a member of another kind.
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

/* Somebody else's consumer joins, with librdkafka's default protocol, and has the partitions when
 * this returns; it leaves. */
void group_join_foreign(void);
void group_leave_foreign(void);

#endif
