/*
 * The order API: HTTP to commands and back. The contract is in docs/api.md.
 *
 * Threads: reads are handled on HTTP workers. Changes are handled where submit may be called: on
 * the HTTP loop, which never waits, or on workers if submit does (DISPATCH=http). They are answered
 * on the thread that calls answered(), which is the handler's where submit refuses.
 */
#ifndef ORDER_SERVICE_ORDER_API_H
#define ORDER_SERVICE_ORDER_API_H

#include "common/http/http.h"
#include "common/pg/pg_pool.h"
#include "order-service/core/order_command.h"

struct order_api {
	/* Carries a change out and calls its answered(), now or later, on any thread. */
	void (*submit)(void *path, struct order_command *command);
	void *path;            /* borrowed */
	struct pg_pool *reads; /* borrowed */
};

/* For the route table, with a struct order_api as context. */
http_handler order_api_place, order_api_list, order_api_get, order_api_modify, order_api_cancel;

#endif
