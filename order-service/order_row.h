/*
 * A row of the orders table as an order.
 *
 * Threads: any.
 */
#ifndef ORDER_SERVICE_ORDER_ROW_H
#define ORDER_SERVICE_ORDER_ROW_H

#include "common/pg/pg.h"
#include "order-service/core/order.h"

/* Reads one row. From column on, these are selected: id, version, status, customer_id, product_id,
 * product_name, qty, address. */
void order_row_read(const PGresult *result, int row, int column, struct order *order);

#endif
