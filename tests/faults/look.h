/*
 * How far everything is: what waits in the outboxes and partitions, and which services say that
 * they are ready.
 *
 * Threads: a looker has one owner. curl_global_init comes first.
 */
#ifndef TESTS_FAULTS_LOOK_H
#define TESTS_FAULTS_LOOK_H

#include "tests/faults/run.h"

#define LOOK_PARTITIONS_MAX 16
#define LOOK_WHY_SIZE       300

struct look {
	part_set ready;                      /* services that say so */
	char why[PART_COUNT][LOOK_WHY_SIZE]; /* what the others say */

	bool kafka;    /* it said where each partition ends; otherwise end is of earlier looks */
	bool database; /* the database answered; otherwise what follows is of an earlier look */
	int64_t outbox[2];   /* the first row of the order-services' and of the deliveries'; 0: none
			      */
	int64_t sessions;    /* of the services */
	int partition_count; /* of those that somebody has claimed */
	int64_t position[LOOK_PARTITIONS_MAX]; /* everything below is done */
	int64_t end[LOOK_PARTITIONS_MAX]; /* of the topic's partition, when Kafka last said so */
};

struct looker;

MUST_CHECK enum status look_open(struct looker **out, struct run *run, struct error *err);
void look_close(struct looker *looker);

/* A look; it is the looker's, and holds until the next one. */
const struct look *look_take(struct looker *looker);

/* Messages that are not done yet, of all partitions. */
int64_t look_lag(const struct look *look);

#endif
