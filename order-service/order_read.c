#include "order-service/order_read.h"

#include <inttypes.h>

#include "order-service/order_row.h"

const struct pg_statement order_read_statements[] = {
	{ "order_read",
	  "select id, version, status, customer_id, product_id, product_name, qty, address "
	  "from orders "
	  "where id = $1::int8" },
	{ "order_page",
	  "select id, version, status, customer_id, product_id, product_name, qty, address "
	  "from orders "
	  "where status <> 'ORDER CANCELLED' "
	  "  and commit_position > coalesce((select commit_position from orders "
	  "    where id <= $1::int8 order by id desc limit 1), 0) "
	  "order by commit_position "
	  "limit $2::int8" },
	{ 0 },
};

enum status order_read(struct pg_pool *pool, int64_t id, struct order *out, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "order_read", &params, NULL };

	pg_param_i64(&params, id);
	if (pg_pool_run(pool, &call, 1, err) != ST_OK)
		return err->status;
	err->status = ST_NOT_FOUND;
	if (PQntuples(call.result) == 1) {
		order_row_read(call.result, 0, 0, out);
		if (!order_is_cancelled(out))
			err->status = ST_OK;
	}
	pg_clear(&call, 1);
	if (err->status == ST_NOT_FOUND)
		return error_set(err, ST_NOT_FOUND, "there is no order %" PRId64, id);
	return ST_OK;
}

enum status order_read_page(struct pg_pool *pool, int64_t after, size_t limit, struct order *out,
			    size_t *count, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "order_page", &params, NULL };

	pg_param_i64(&params, after);
	pg_param_i64(&params, (int64_t)limit);
	if (pg_pool_run(pool, &call, 1, err) != ST_OK)
		return err->status;
	*count = (size_t)PQntuples(call.result);
	for (size_t i = 0; i < *count; i++)
		order_row_read(call.result, (int)i, 0, &out[i]);
	pg_clear(&call, 1);
	return ST_OK;
}
