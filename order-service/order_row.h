/*
 * A row of the orders table as an order: the columns to select, and how to read them.
 *
 * Threads: any.
 */
#ifndef ORDER_SERVICE_ORDER_ROW_H
#define ORDER_SERVICE_ORDER_ROW_H

#include "common/pg/pg.h"
#include "order-service/order.h"

#define ORDER_COLUMNS "id, version, status, customer_id, product_id, product_name, qty, address"

/* Reads ORDER_COLUMNS of one row, the first of them at column. */
void order_row_read(const PGresult *result, int row, int column, struct order *order);

#endif
