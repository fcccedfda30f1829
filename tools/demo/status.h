/*
 * make status: what runs and where, which replica has which partitions and which is idle, and how
 * far each partition is. It reads what the parts say; where one is away it says so.
 *
 * Threads: main.
 */
#ifndef TOOLS_DEMO_STATUS_H
#define TOOLS_DEMO_STATUS_H

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"
#include "tools/demo/screen.h"

struct status_config {
	struct kafka_settings kafka;
	const char *database_url, *run_dir;
	int pg_port, kafka_port, order_port, delivery_port, page_port, brokers;
};

MUST_CHECK enum status status_show(struct screen *screen, const struct status_config *config,
				   struct error *err);

#endif
