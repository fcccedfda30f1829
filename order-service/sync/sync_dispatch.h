/*
 * Synchronous dispatch (DISPATCH=http), as people build it first. It is the lab's bad example,
 * here to be measured and not to be copied: each change takes a connection to PostgreSQL, writes
 * the order, calls delivery-service in the midst of that transaction, waits for its answer, and
 * commits. The connection is one of its own, or with SYNC_POOL one of a few that are kept, as a
 * Spring service has it; then those to delivery-service are kept as well. What is bad about it:
 * - An order takes as long as its delivery. A slow delivery-service makes slow orders, one that is
 *   down makes none.
 * - Whoever waits holds a thread, a locked row, and a connection to each database. The scarcest of
 *   these ends the service for everybody.
 * - These are two transactions. After a time-out or a failed commit the order is rolled back, and
 *   its delivery may be there all the same; nothing tells, and nothing tries again.
 * No event is written, so none is published.
 *
 * Threads: submit from any; the rest from main.
 */
#ifndef ORDER_SERVICE_SYNC_SYNC_DISPATCH_H
#define ORDER_SERVICE_SYNC_SYNC_DISPATCH_H

#include "common/base/metrics.h"
#include "common/service/http_caller.h"
#include "order-service/core/order_command.h"

struct sync_dispatch;

struct sync_dispatch_config {
	const char *database_url;
	const char *delivery_url; /* http://host:port, or https:// */
	int64_t timeout_ms;       /* for delivery-service's answer */
	int64_t pool;             /* connections that are kept; 0: none */
	int64_t pool_wait_ms;
	const struct http_caller *caller; /* of delivery-service */
};

/* config's strings and caller are borrowed until close. ST_INVALID: delivery_url is none. */
MUST_CHECK enum status sync_dispatch_open(struct sync_dispatch **out,
					  const struct sync_dispatch_config *config,
					  struct error *err);

/* Calls in progress are cancelled within about a second, and what waits or comes then is refused.
 */
void sync_dispatch_stop(struct sync_dispatch *path);

/* After the last submit. */
void sync_dispatch_close(struct sync_dispatch *path);

/*
 * Blocks until command->answered() has been called, on this thread. ST_UNAVAILABLE: no connection
 * to the database, or none of the pool came free in time, a commit whose outcome is unknown, or
 * stopping. ST_TIMEOUT, ST_REFUSED: delivery-service did not do its part in time, or at all; the
 * order is as it was before, its delivery need not be.
 */
void sync_dispatch_submit(struct sync_dispatch *path, struct order_command *command);

/* path NULL: all are 0. */
void sync_dispatch_metrics(struct sync_dispatch *path, struct metrics_out *out);

#endif
