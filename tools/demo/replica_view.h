/*
 * What the delivery-services say of themselves (GET /in-flight): which partitions each has, and how
 * many events it works on. Pure but for the screen.
 *
 * Threads: main.
 */
#ifndef TOOLS_DEMO_REPLICA_VIEW_H
#define TOOLS_DEMO_REPLICA_VIEW_H

#include <jansson.h>

#include "tools/demo/part.h"
#include "tools/demo/screen.h"

#define REPLICA_PARTITIONS_MAX 1000 /* as many as make partitions makes; more are not kept */

struct replica_partition {
	int replica; /* 0: nobody has it */
	int64_t position;
};

struct replica {
	int number;
	bool answers;
	int64_t in_work;
};

struct replica_view {
	struct replica replicas[PART_NUMBERS_MAX];
	size_t count;
	struct replica_partition partitions[REPLICA_PARTITIONS_MAX];
};

/* Takes what a replica that runs answers; NULL: nothing. */
void replica_view_take(struct replica_view *view, int number, const json_t *answer);

/* A line for each. all_taken: each partition has a replica; else that one has none does not mean
 * that there is none left for it. */
void replica_view_show(const struct replica_view *view, bool all_taken, struct screen *screen);

#endif
