#include "delivery-service/delivery_api.h"

#include <inttypes.h>

#include "common/http_json.h"
#include "common/http_params.h"

#define COLUMNS "id, order_id, version, customer_id, product_id, product_name, qty, address, status"

const struct pg_statement delivery_read_statements[] = {
	{ "ping", "select 1" },
	{ "page",
	  "select " COLUMNS " from delivery where id > $1::int8 order by id limit $2::int8" },
	{ "one", "select " COLUMNS " from delivery where order_id = $1::int8" },
	/* The latest ones of an order with very many. */
	{ "events",
	  "select version, event, status, \"partition\", \"offset\", replica, received, applied "
	  "from ("
	  "  select *, to_char(received_at at time zone 'UTC', "
	  "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') "
	  "    as received, to_char(applied_at at time zone 'UTC', "
	  "    'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as applied "
	  "  from history where order_id = $1::int8 order by id desc limit 100) h order by id" },
};
const size_t delivery_read_statement_count = 4;

bool delivery_api_database_reachable(struct pg_pool *reads)
{
	struct pg_call call = { "ping", NULL, NULL };
	struct error err;

	if (pg_pool_run(reads, &call, 1, &err) != ST_OK)
		return false;
	pg_clear(&call, 1);
	return true;
}

static json_t *delivery_to_json(const PGresult *r, int row)
{
	/* An order whose events carry no version has none to show. */
	json_t *version = pg_i64(r, row, 2) > 0 ? json_integer(pg_i64(r, row, 2)) : NULL;

	return json_pack("{s:I, s:I, s:o*, s:I, s:s, s:s, s:I, s:s, s:s}", "id",
			 (json_int_t)pg_i64(r, row, 0), "orderId", (json_int_t)pg_i64(r, row, 1),
			 "version", version, "customerId", (json_int_t)pg_i64(r, row, 3),
			 "productId", pg_text(r, row, 4), "productName", pg_text(r, row, 5), "qty",
			 (json_int_t)pg_i64(r, row, 6), "address", pg_text(r, row, 7), "status",
			 pg_text(r, row, 8));
}

static json_t *event_to_json(const PGresult *r, int row)
{
	json_t *version = pg_i64(r, row, 0) > 0 ? json_integer(pg_i64(r, row, 0)) : NULL;

	return json_pack("{s:o*, s:s, s:s, s:I, s:I, s:s, s:s, s:s}", "version", version, "event",
			 pg_text(r, row, 1), "status", pg_text(r, row, 2), "partition",
			 (json_int_t)pg_i64(r, row, 3), "offset", (json_int_t)pg_i64(r, row, 4),
			 "replica", pg_text(r, row, 5), "received", pg_text(r, row, 6), "applied",
			 pg_text(r, row, 7));
}

void delivery_api_list(void *context, const struct http_request *request,
		       struct http_response *response)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "page", &params, NULL };
	int64_t limit, after;
	json_t *list;
	struct error err;
	char next[96];
	int rows;

	if (!http_query_page(request, response, &limit, &after))
		return;
	pg_param_i64(&params, after);
	pg_param_i64(&params, limit);
	if (pg_pool_run(context, &call, 1, &err) != ST_OK) {
		http_respond_error(response, &err);
		return;
	}
	rows = PQntuples(call.result);
	list = json_array();
	for (int row = 0; row < rows; row++)
		(void)json_array_append_new(list, delivery_to_json(call.result, row));
	http_link_next(response, "/deliveries", (size_t)rows, limit,
		       rows > 0 ? pg_i64(call.result, rows - 1, 0) : 0, next);
	pg_clear(&call, 1);
	http_respond_json(response, 200,
			  json_pack("{s:o, s:s*}", "deliveries", list, "next",
				    next[0] ? next : NULL));
}

void delivery_api_get(void *context, const struct http_request *request,
		      struct http_response *response)
{
	struct pg_params params = { 0 };
	struct pg_call calls[] = { { "one", &params, NULL }, { "events", &params, NULL } };
	json_t *root, *events;
	struct error err;
	int64_t id = 0;

	if (!http_path_id(request, response, "orderId", &id))
		return;
	pg_param_i64(&params, id);
	if (pg_pool_run(context, calls, 2, &err) != ST_OK) {
		http_respond_error(response, &err);
		return;
	}
	if (PQntuples(calls[0].result) == 0) {
		http_respond_problem(response, 404, "orderId",
				     "there is no delivery of order %" PRId64 " (yet)", id);
	} else {
		root = delivery_to_json(calls[0].result, 0);
		events = json_array();
		for (int row = 0; row < PQntuples(calls[1].result); row++)
			(void)json_array_append_new(events, event_to_json(calls[1].result, row));
		(void)json_object_set_new(root, "events", events);
		http_respond_json(response, 200, root);
	}
	pg_clear(calls, 2);
}
