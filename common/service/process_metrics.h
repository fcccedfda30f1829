/*
 * What the process itself takes, under the names that Prometheus's own client libraries use.
 *
 * Threads: any.
 */
#ifndef COMMON_SERVICE_PROCESS_METRICS_H
#define COMMON_SERVICE_PROCESS_METRICS_H

#include "common/base/metrics.h"

void process_metrics(struct metrics_out *out);

#endif
