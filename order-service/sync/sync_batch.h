/*
 * Synchronous dispatch with group commit (DISPATCH=http, SYNC_COMMIT=group): the writer's batches,
 * as with Kafka, but their events go to delivery-service in a call, and the batch is committed when
 * that is answered. It is the best that can be had without a queue. What stays bad about it:
 * - An order is there when its delivery is: a slow delivery-service makes slow orders, one that is
 *   down makes none.
 * - All orders of a batch wait for the slowest of its deliveries, and share its fate.
 * - Two transactions: what sync_dispatch.h says of them.
 *
 * Threads: deliver from the writer's; stop from any; the rest from main.
 */
#ifndef ORDER_SERVICE_SYNC_SYNC_BATCH_H
#define ORDER_SERVICE_SYNC_SYNC_BATCH_H

#include "common/service/http_caller.h"
#include "order-service/core/order_batch.h"

struct sync_batch;

/* delivery_url: http://host:port, or https://; it and caller are borrowed until close. ST_INVALID:
 * it is none. */
MUST_CHECK enum status sync_batch_open(struct sync_batch **out, const char *delivery_url,
				       int64_t timeout_ms, const struct http_caller *caller,
				       struct error *err);

/* The call in progress is cancelled within about a second. */
void sync_batch_stop(struct sync_batch *batch);
void sync_batch_close(struct sync_batch *batch);

/*
 * An order_store_deliver: POST /delivery-batches over a connection that is kept, in several calls
 * if one cannot hold them all. ST_INVALID: one of the events was not accepted. ST_REFUSED: there is
 * nobody. ST_TIMEOUT: no answer, it may be done.
 */
MUST_CHECK enum status sync_batch_deliver(void *batch, const struct order_batch_event *events,
					  size_t count, struct error *err);

#endif
