#include "order-service/sync/sync_store.h"

#include <inttypes.h>

#include "common/service/service_config.h"
#include "order-service/core/order_key.h"
#include "order-service/order_row.h"

const struct pg_statement sync_store_statements[] = {
	/* The transaction idles as long as delivery-service takes, which has a limit of its own. */
	{ "sync_order_no_limit", "set local idle_in_transaction_session_timeout = 0" },
	{ "sync_order_by_key",
	  "select idempotency_fingerprint, "
	  "  id, version, status, customer_id, product_id, product_name, qty, address "
	  "from orders "
	  "where idempotency_key = $1" },
	{ "sync_order_lock",
	  "select id, version, status, customer_id, product_id, product_name, qty, address "
	  "from orders "
	  "where id = $1 "
	  "for update" },
	{ "sync_order_insert",
	  "insert into orders (version, status, customer_id, product_id, product_name, qty, "
	  "  address, idempotency_key, idempotency_fingerprint) "
	  "values ($1, $2, $3, $4, $5, $6, $7, $8::varchar, "
	  "  case when $8::varchar is not null then $9::int8 end) "
	  "returning id" },
	/* As late as possible: all others that place orders wait from here to the commit. */
	{ "sync_order_position",
	  "update orders "
	  "set commit_position = nextval('orders_commit_position_seq') "
	  "from (select pg_advisory_xact_lock('orders'::regclass::oid::int4, 1)) as locked "
	  "where id = $1::int8" },
	{ "sync_order_update",
	  "update orders "
	  "set version = $2, status = $3, product_id = $4, product_name = $5, qty = $6, "
	  "  address = $7, updated_at = now() "
	  "where id = $1" },
	{ 0 },
};

struct pg_config sync_store_database(const char *url)
{
	static const struct pg_statement *const tables[] = { sync_store_statements, NULL };

	return (struct pg_config){ url, "order-service sync", SERVICE_SCHEMA_ORDERS, tables };
}

static enum status begin(struct pg *pg, struct error *err)
{
	struct pg_call calls[] = { { PG_BEGIN, NULL, NULL },
				   { "sync_order_no_limit", NULL, NULL } };

	if (pg_run(pg, calls, 2, err) != ST_OK)
		return err->status;
	pg_clear(calls, 2);
	return ST_OK;
}

enum status sync_store_commit(struct pg *pg, int64_t placed_id, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call calls[] = { { "sync_order_position", &params, NULL },
				   { PG_COMMIT, NULL, NULL } };
	size_t first = placed_id == 0;

	pg_param_i64(&params, placed_id);
	if (pg_run(pg, calls + first, 2 - first, err) != ST_OK)
		return err->status;
	pg_clear(calls + first, 2 - first);
	return ST_OK;
}

/* --- placing ------------------------------------------------------------------------------- */

static void replay(const PGresult *row, struct order_command *command)
{
	struct order_by_key before;

	before.has_fingerprint = !PQgetisnull(row, 0, 0);
	before.fingerprint = pg_i64(row, 0, 0);
	order_row_read(row, 0, 1, &before.order);
	order_key_replay_stored(command, &before);
}

/* *found: the key had placed an order before, and the command is answered. */
static enum status find_by_key(struct pg *pg, struct order_command *command, bool *found,
			       struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "sync_order_by_key", &params, NULL };

	pg_param_text(&params, command->idempotency_key);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	*found = PQntuples(call.result) == 1;
	if (*found)
		replay(call.result, command);
	pg_clear(&call, 1);
	return ST_OK;
}

static enum status insert(struct pg *pg, struct order_command *command, struct error *err)
{
	const struct order_content *c = &command->content;
	struct pg_params params = { 0 };
	struct pg_call call = { "sync_order_insert", &params, NULL };
	struct order *order = &command->order;

	order_place(order, 0, c);
	pg_param_i32(&params, order->version);
	pg_param_text(&params, order_status(order));
	pg_param_i64(&params, c->customer_id);
	pg_param_text(&params, c->product_id);
	pg_param_text(&params, c->product_name);
	pg_param_i32(&params, c->qty);
	pg_param_text(&params, c->address);
	pg_param_text(&params, command->idempotency_key);
	pg_param_i64(&params, order_key_fingerprint(c));
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	order->id = pg_i64(call.result, 0, 0);
	pg_clear(&call, 1);
	return ST_OK;
}

static enum status place_once(struct pg *pg, struct order_command *command, bool *changed,
			      struct error *err)
{
	bool found = false;

	if (command->idempotency_key && find_by_key(pg, command, &found, err) != ST_OK)
		return err->status;
	*changed = !found;
	if (found) {
		*err = command->answer;
		return err->status;
	}
	return insert(pg, command, err);
}

/* Its insert waits while another request with the key is not committed; then that one is found. */
static enum status place(struct pg *pg, struct order_command *command, bool *changed,
			 struct error *err)
{
	enum status st = place_once(pg, command, changed, err);

	if (st != ST_CONFLICT || !*changed)
		return st;
	st = begin(pg, err);
	if (st == ST_OK)
		st = place_once(pg, command, changed, err);
	if (st == ST_CONFLICT && *changed) /* nothing else is unique */
		st = error_set(err, ST_UNAVAILABLE, "this idempotency key is in use just now");
	return st;
}

/* --- changing ------------------------------------------------------------------------------ */

static enum status lock(struct pg *pg, struct order_command *command, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "sync_order_lock", &params, NULL };
	bool found;

	pg_param_i64(&params, command->order_id);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	found = PQntuples(call.result) == 1;
	if (found)
		order_row_read(call.result, 0, 0, &command->order);
	pg_clear(&call, 1);
	if (!found)
		return error_set(err, ST_NOT_FOUND, "there is no order %" PRId64,
				 command->order_id);
	return ST_OK;
}

static enum status update(struct pg *pg, const struct order *order, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "sync_order_update", &params, NULL };

	pg_param_i64(&params, order->id);
	pg_param_i32(&params, order->version);
	pg_param_text(&params, order_status(order));
	pg_param_text(&params, order->content.product_id);
	pg_param_text(&params, order->content.product_name);
	pg_param_i32(&params, order->content.qty);
	pg_param_text(&params, order->content.address);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	pg_clear(&call, 1);
	return ST_OK;
}

static enum status change(struct pg *pg, struct order_command *command, bool *changed,
			  struct error *err)
{
	struct order *order = &command->order;
	enum status st = lock(pg, command, err);

	*changed = true;
	if (st == ST_OK && command->kind == COMMAND_MODIFY)
		st = order_modify(order, command->fields, &command->content, &command->condition,
				  changed, err);
	else if (st == ST_OK)
		st = order_cancel(order, &command->condition, err);
	return st == ST_OK && *changed ? update(pg, order, err) : st;
}

enum status sync_store_write(struct pg *pg, struct order_command *command, bool *changed,
			     struct error *err)
{
	enum status st = begin(pg, err);

	if (st != ST_OK)
		return st;
	return command->kind == COMMAND_PLACE ? place(pg, command, changed, err)
					      : change(pg, command, changed, err);
}
