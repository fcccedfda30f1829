/*
 * What the brokers say: which of them are there, and the topic's partitions.
 *
 * Threads: main.
 */
#ifndef TOOLS_DEMO_CLUSTER_VIEW_H
#define TOOLS_DEMO_CLUSTER_VIEW_H

#include <librdkafka/rdkafka.h>

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"
#include "tools/demo/replica_view.h"

struct cluster_view {
	const struct kafka_settings *settings;
	rd_kafka_t *rk;                           /* owned */
	const struct rd_kafka_metadata *metadata; /* owned; NULL: nobody answers */
};

/* settings are borrowed for the view's lifetime. ST_INVALID: one of them. */
MUST_CHECK enum status cluster_view_read(struct cluster_view *view,
					 const struct kafka_settings *settings, struct error *err);
void cluster_view_fini(struct cluster_view *view);

/* The broker of that number is there. */
bool cluster_view_has(const struct cluster_view *view, int node);

/* Each partition has a replica, as far as brokers and replicas answer. */
bool cluster_view_all_taken(const struct cluster_view *view, const struct replica_view *replicas);

/* A line for each partition, with the replica that has it. */
void cluster_view_show(const struct cluster_view *view, const struct replica_view *replicas,
		       struct screen *screen);

#endif
