#include "delivery-service/api/delivery_api.h"

#include <inttypes.h>

#include "common/http/http_json.h"
#include "common/http/http_params.h"

const struct pg_statement delivery_api_statements[] = {
	{ "read_page", "select id, order_id, version, customer_id, product_id, product_name, qty, "
		       "  address, status "
		       "from delivery "
		       "where id > $1::int8 "
		       "order by id "
		       "limit $2::int8" },
	{ "read_one", "select id, order_id, version, customer_id, product_id, product_name, qty, "
		      "  address, status "
		      "from delivery "
		      "where order_id = $1::int8" },
	/* The latest ones of an order with very many. */
	{ "read_events",
	  "select version, event, status, \"partition\", \"offset\", replica, "
	  "  to_char(received_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "
	  "  to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "
	  "  (select trace_id from trace t where t.order_id = h.order_id "
	  "    and t.\"partition\" = h.\"partition\" and t.\"offset\" = h.\"offset\") "
	  "from (select * from history where order_id = $1::int8 order by id desc limit 100) h "
	  "order by id" },
	{ "read_parked",
	  "select version, event, \"partition\", \"offset\", "
	  "  to_char(parked_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') "
	  "from parked "
	  "where order_id = $1::int8 "
	  "order by version "
	  "limit 100" },
	/* The lowest version that is neither applied nor skipped, if a later one is parked. */
	{ "read_missing",
	  "with recursive next (v) as ("
	  "  select coalesce((select version from delivery where order_id = $1::int8), 0) + 1 "
	  "  union all "
	  "  select v + 1 "
	  "  from next "
	  "  where exists (select from given_up where order_id = $1::int8 and version = v)"
	  ") "
	  "select max(v) "
	  "from next "
	  "where exists (select from parked where order_id = $1::int8)" },
	{ 0 },
};

json_t *delivery_row_to_json(const PGresult *r, int row)
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

	return json_pack("{s:o*, s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:s*}", "version", version,
			 "event", pg_text(r, row, 1), "status", pg_text(r, row, 2), "partition",
			 (json_int_t)pg_i64(r, row, 3), "offset", (json_int_t)pg_i64(r, row, 4),
			 "replica", pg_text(r, row, 5), "received", pg_text(r, row, 6), "applied",
			 pg_text(r, row, 7), "traceId", pg_text(r, row, 8));
}

void delivery_api_list(void *context, const struct http_request *request,
		       struct http_response *response)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "read_page", &params, NULL };
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
		(void)json_array_append_new(list, delivery_row_to_json(call.result, row));
	http_link_next(response, "/deliveries", (size_t)rows, limit,
		       rows > 0 ? pg_i64(call.result, rows - 1, 0) : 0, next);
	pg_clear(&call, 1);
	http_respond_json(response, 200,
			  json_pack("{s:o, s:s*}", "deliveries", list, "next",
				    next[0] ? next : NULL));
}

static json_t *parked_to_json(const PGresult *r, int row)
{
	return json_pack("{s:I, s:s, s:I, s:I, s:s}", "version", (json_int_t)pg_i64(r, row, 0),
			 "event", pg_text(r, row, 1), "partition", (json_int_t)pg_i64(r, row, 2),
			 "offset", (json_int_t)pg_i64(r, row, 3), "parked", pg_text(r, row, 4));
}

/* Every row of r under name. */
static void set_list(json_t *root, const char *name, const PGresult *r,
		     json_t *(*to_json)(const PGresult *r, int row))
{
	json_t *list = json_array();

	for (int row = 0; row < PQntuples(r); row++)
		(void)json_array_append_new(list, to_json(r, row));
	(void)json_object_set_new(root, name, list);
}

/* The calls that read one delivery. */
enum { READ_ONE, READ_EVENTS, READ_PARKED, READ_MISSING, READ_COUNT };

static void set_parked(json_t *root, const PGresult *parked, const PGresult *missing)
{
	if (PQntuples(parked) == 0)
		return;
	(void)json_object_set_new(root, "waitsFor", json_integer(pg_i64(missing, 0, 0)));
	set_list(root, "parked", parked, parked_to_json);
}

/* One whose first event has not come has only what waits for it. */
static json_t *read_to_json(int64_t id, const struct pg_call calls[READ_COUNT])
{
	const PGresult *rows = calls[READ_ONE].result;
	json_t *root = PQntuples(rows) > 0 ? delivery_row_to_json(rows, 0)
					   : json_pack("{s:I}", "orderId", (json_int_t)id);

	set_list(root, "events", calls[READ_EVENTS].result, event_to_json);
	set_parked(root, calls[READ_PARKED].result, calls[READ_MISSING].result);
	return root;
}

static void respond_read(struct http_response *response, int64_t id,
			 const struct pg_call calls[READ_COUNT])
{
	if (PQntuples(calls[READ_ONE].result) > 0 || PQntuples(calls[READ_PARKED].result) > 0)
		http_respond_json(response, 200, read_to_json(id, calls));
	else
		http_respond_problem(response, HTTP_PROBLEM_UNKNOWN_DELIVERY, "orderId",
				     "there is no delivery of order %" PRId64 " (yet)", id);
}

void delivery_api_get(void *context, const struct http_request *request,
		      struct http_response *response)
{
	struct pg_params params = { 0 };
	struct pg_call calls[READ_COUNT] = {
		[READ_ONE] = { "read_one", &params, NULL },
		[READ_EVENTS] = { "read_events", &params, NULL },
		[READ_PARKED] = { "read_parked", &params, NULL },
		[READ_MISSING] = { "read_missing", &params, NULL },
	};
	struct error err;
	int64_t id = 0;

	if (!http_path_id(request, response, "orderId", &id))
		return;
	pg_param_i64(&params, id);
	if (pg_pool_run(context, calls, READ_COUNT, &err) != ST_OK) {
		http_respond_error(response, &err);
		return;
	}
	respond_read(response, id, calls);
	pg_clear(calls, READ_COUNT);
}
