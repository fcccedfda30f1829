/*
 * What main does while the others work: it waits for the stop, and looks each second which part
 * stands still. A part that hangs cannot say so itself.
 *
 * It also tells the service manager, if there is one (common/runtime/notify.h): that the service is
 * up, that it stops, and each second that it lives. The last only while no part's thread hangs, so
 * a manager with a watchdog starts a new process then. To stand still is no reason: whether
 * PostgreSQL or Kafka is away, a new process would find the same.
 *
 * Threads: main.
 */
#ifndef COMMON_SERVICE_WATCH_H
#define COMMON_SERVICE_WATCH_H

#include "common/base/metrics.h"
#include "common/runtime/progress.h"

/* Parts at most: more are a mistake of the caller, and are not watched. */
#define WATCH_PARTS_MAX 16

/*
 * Returns after SIGTERM or SIGINT (stop_guard.h). who is the log's. parts ends with NULL. A part
 * that begins to stand still is an error line, one that goes on an info line.
 */
void watch_until_stop(const char *who, struct progress *const *parts);

/* The age of each part's last progress. Any thread. */
void watch_metrics(struct progress *const *parts, struct metrics_out *out);

#endif
