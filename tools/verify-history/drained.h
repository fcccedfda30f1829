/*
 * The wait until nothing moves any more: both outboxes are empty and the consumers' positions are
 * at the ends of the partitions. Parked events may stay.
 *
 * Threads: one owner; blocks.
 */
#ifndef TOOLS_VERIFY_HISTORY_DRAINED_H
#define TOOLS_VERIFY_HISTORY_DRAINED_H

#include "common/kafka/kafka_topic.h"
#include "tools/verify-history/read_tables.h"

/*
 * Waits at most wait_ms, with one line on stderr that says for what if that is a terminal. *drained
 * and *waited_ms are written on ST_OK; not drained is no error. Other errors: as read_tables_open
 * and kafka_topic_find_ends.
 */
MUST_CHECK enum status drained_wait(struct read_tables *tables, struct kafka_topic *topic,
				    int64_t wait_ms, bool *drained, int64_t *waited_ms,
				    struct error *err);

#endif
