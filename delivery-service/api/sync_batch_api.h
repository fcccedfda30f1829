/*
 * POST /delivery-batches, the delivery side of group commit without a queue (DISPATCH=http,
 * SYNC_COMMIT=group of order-service): {"events": [...]}, order events in their order. The work of
 * each is done one after the other in the HTTP thread, then all of them have their effect, in one
 * transaction, or none has.
 *
 * Threads: runs on HTTP workers.
 */
#ifndef DELIVERY_SERVICE_API_SYNC_BATCH_API_H
#define DELIVERY_SERVICE_API_SYNC_BATCH_API_H

#include "common/http/http.h"

/* For the route table, with the struct sync_delivery_api as context. Answers 200 with how many were
 * applied; 404: one of them has no delivery to change, 409: the version of one was applied before,
 * as another change. */
http_handler sync_batch_api_deliver;

#endif
