/*
 * Produces a run of the latest Order* messages of one partition once more, with the same key,
 * headers and payload: what a producer without idempotence does after a lost answer, or somebody
 * who replays a topic.
 *
 * Threads: any.
 */
#ifndef TESTS_FAULTS_DUPLICATES_H
#define TESTS_FAULTS_DUPLICATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

#define DUPLICATES_MAX 100

struct duplicates_config {
	const char *brokers, *topic;
	size_t count;  /* messages at most, up to DUPLICATES_MAX */
	bool to_any;   /* each goes to any partition, instead of its own */
	uint64_t seed; /* decides about the partitions */
};

struct duplicates_result {
	size_t count;
	int32_t partition; /* where they were read */
};

/* Returns when the broker has them. */
MUST_CHECK enum status duplicates_produce(const struct duplicates_config *config,
					  struct duplicates_result *result, struct error *err);

#endif
