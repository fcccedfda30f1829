/*
 * The delivery API: what became of the orders, read only.
 *
 * Threads: handlers run on HTTP workers.
 */
#ifndef DELIVERY_SERVICE_API_DELIVERY_API_H
#define DELIVERY_SERVICE_API_DELIVERY_API_H

#include <jansson.h>
#include <stdbool.h>

#include "common/http/http.h"
#include "common/pg/pg_pool.h"

/* For the pool that serves the reads. */
extern const struct pg_statement delivery_api_statements[];

/* For the route table, with the struct pg_pool as context. */
http_handler delivery_api_list, delivery_api_get;

/* A delivery as this API shows it, from a row of id, order_id, version, customer_id, product_id,
 * product_name, qty, address, status. Returns owned; NULL: out of memory. */
json_t *delivery_row_to_json(const PGresult *rows, int row);

#endif
