/*
 * What a consumer knows of its group. librdkafka tells the state of a join nowhere but in its
 * statistics.
 *
 * Threads: read by one; coordinated is seen by any.
 */
#ifndef COMMON_KAFKA_KAFKA_GROUP_H
#define COMMON_KAFKA_KAFKA_GROUP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kafka_group {
	_Atomic bool coordinated; /* the group's coordinator is connected */
	bool steady;              /* no rebalance is in progress */
	int64_t statistics;       /* how often they came */
	char refusal[160];        /* why it did not take us, until it is steady; "": it did */
	int64_t refused_at;       /* statistics then */
};

/* Of another client: nothing is known. */
void kafka_group_reset(struct kafka_group *group);

/* The group did not take us. */
void kafka_group_refused(struct kafka_group *group, const char *why);

/* The state that librdkafka's statistics (JSON) tell; what they do not tell is false. */
void kafka_group_read(struct kafka_group *group, const char *json, size_t len);

#endif
