#include "order-service/order_row.h"

#include <string.h>

static enum event_type last_event_of(const char *status)
{
	for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
		if (strcmp(event_order_statuses[i], status) == 0)
			return (enum event_type)i;
	}
	return EVENT_PLACED;
}

static void copy_text(char *to, size_t size, const PGresult *result, int row, int column)
{
	size_t len = (size_t)PQgetlength(result, row, column);

	if (len >= size)
		len = size - 1;
	memcpy(to, PQgetvalue(result, row, column), len);
	to[len] = '\0';
}

void order_row_read(const PGresult *result, int row, int column, struct order *order)
{
	struct order_content *c = &order->content;

	order->id = pg_i64(result, row, column);
	order->version = (int32_t)pg_i64(result, row, column + 1);
	order->last = last_event_of(pg_text(result, row, column + 2));
	c->customer_id = pg_i64(result, row, column + 3);
	copy_text(c->product_id, sizeof(c->product_id), result, row, column + 4);
	copy_text(c->product_name, sizeof(c->product_name), result, row, column + 5);
	c->qty = (int32_t)pg_i64(result, row, column + 6);
	copy_text(c->address, sizeof(c->address), result, row, column + 7);
}
