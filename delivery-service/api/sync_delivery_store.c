#include "delivery-service/api/sync_delivery_store.h"

#include <inttypes.h>
#include <string.h>

#include "common/pg/pg.h"
#include "common/service/service_config.h"
#include "delivery-service/api/delivery_api.h"
#include "delivery-service/core/delivery.h"

const struct pg_statement sync_delivery_store_statements[] = {
	{ "sync_delivery_find", "select id, order_id, version, customer_id, product_id, "
				"product_name, qty, address, status "
				"from delivery "
				"where order_id = $1 "
				"for update" },
	{ "sync_delivery_seen", "select "
				"from history "
				"where order_id = $1 and version = $2 and version > 0" },
	{ "sync_delivery_insert",
	  "insert into delivery (order_id, version, customer_id, product_id, product_name, qty, "
	  "  address, status) "
	  "values ($1, $2, $3, $4, $5, $6, $7, $8) "
	  "returning id, order_id, version, customer_id, product_id, product_name, qty, address, "
	  "  status" },
	{ "sync_delivery_update",
	  "update delivery "
	  "set version = greatest(version, $2), customer_id = $3, product_id = $4, "
	  "  product_name = $5, qty = $6, address = $7, status = $8, updated_at = now() "
	  "where order_id = $1 "
	  "returning id, order_id, version, customer_id, product_id, product_name, qty, address, "
	  "  status" },
	{ "sync_delivery_record",
	  "insert into history (order_id, version, event, status, \"partition\", \"offset\", "
	  "  replica, received_at) "
	  "values ($1, $2, $3, $4, -1, -1, $5, to_timestamp($6::int8 / 1000.0))" },
	{ 0 },
};

/* --- what is there ------------------------------------------------------------------------- */

struct found {
	enum delivery_state state; /* DELIVERY_NONE: no delivery */
	int32_t version;
	bool seen; /* the event's version was applied */
	bool same; /* ... and left the delivery as this event would */
	json_t *json;
};

static bool same_text(const PGresult *rows, int column, const char *text)
{
	return strcmp(pg_text(rows, 0, column), text) == 0;
}

static bool same_effect(const PGresult *rows, const struct order_event *e)
{
	return pg_i64(rows, 0, 2) == e->version && pg_i64(rows, 0, 3) == e->customer_id &&
	       same_text(rows, 4, e->product_id) && same_text(rows, 5, e->product_name) &&
	       pg_i64(rows, 0, 6) == e->qty && same_text(rows, 7, e->address) &&
	       same_text(rows, 8, event_delivery_statuses[e->type]);
}

/* Begins, and locks the delivery. */
static enum status find(struct pg *pg, const struct order_event *event, struct found *found,
			struct error *err)
{
	struct pg_params by_order = { 0 }, by_version = { 0 };
	struct pg_call calls[] = { { PG_BEGIN, NULL, NULL },
				   { "sync_delivery_find", &by_order, NULL },
				   { "sync_delivery_seen", &by_version, NULL } };
	const PGresult *rows;

	*found = (struct found){ 0 };
	pg_param_i64(&by_order, event->order_id);
	pg_param_i64(&by_version, event->order_id);
	pg_param_i32(&by_version, event->version);
	if (pg_run(pg, calls, 3, err) != ST_OK)
		return err->status;
	rows = calls[1].result;
	if (PQntuples(rows) == 1) {
		found->state = delivery_state_of(pg_text(rows, 0, 8));
		found->version = (int32_t)pg_i64(rows, 0, 2);
		found->seen = PQntuples(calls[2].result) > 0;
		found->same = same_effect(rows, event);
		found->json = delivery_row_to_json(rows, 0);
	}
	pg_clear(calls, 3);
	return ST_OK;
}

/* --- what becomes of it -------------------------------------------------------------------- */

static void effect_params(struct pg_params *p, const struct order_event *e)
{
	pg_param_i64(p, e->order_id);
	pg_param_i32(p, e->version);
	pg_param_i64(p, e->customer_id);
	pg_param_text(p, e->product_id);
	pg_param_text(p, e->product_name);
	pg_param_i32(p, e->qty);
	pg_param_text(p, e->address);
}

static void record_params(struct pg_params *p, const struct order_event *e, const char *status)
{
	pg_param_i64(p, e->order_id);
	pg_param_i32(p, e->version);
	pg_param_text(p, event_order_names[e->type]);
	pg_param_text(p, status);
}

/* Writes delivery and history, and commits. */
static enum status write(struct pg *pg, const struct order_event *e, const char *replica,
			 int64_t received_wall_ms, const struct delivery_decision *decision,
			 struct sync_delivery *delivery, struct error *err)
{
	struct pg_params effect = { 0 }, record = { 0 };
	struct pg_call calls[] = { { delivery->is_new ? "sync_delivery_insert"
						      : "sync_delivery_update",
				     &effect, NULL },
				   { "sync_delivery_record", &record, NULL },
				   { PG_COMMIT, NULL, NULL } };
	enum status st;

	effect_params(&effect, e);
	pg_param_text(&effect, delivery_status(decision->next));
	record_params(&record, e, delivery_status(decision->next));
	pg_param_text(&record, replica);
	pg_param_i64(&record, received_wall_ms);
	st = pg_run(pg, calls, 3, err);
	if (st == ST_CONFLICT)
		return error_set(err, st, "order %" PRId64 " is being delivered just now",
				 e->order_id);
	if (st != ST_OK)
		return st;
	delivery->json = delivery_row_to_json(calls[0].result, 0);
	pg_clear(calls, 3);
	return ST_OK;
}

enum status sync_delivery_store_apply(struct pg *pg, const char *replica,
				      const struct order_event *event, int64_t received_wall_ms,
				      struct sync_delivery *delivery, struct error *err)
{
	struct delivery_decision decision;
	struct found found;

	if (find(pg, event, &found, err) != ST_OK)
		return err->status;
	decision = delivery_decide(found.state, found.version, event->type, event->version,
				   found.seen);
	*delivery = (struct sync_delivery){ .is_new = found.state == DELIVERY_NONE };
	if (decision.verdict == DELIVERY_DUPLICATE && found.same) {
		delivery->json = found.json;
		return ST_OK;
	}
	json_decref(found.json);
	if (decision.verdict == DELIVERY_APPLY)
		return write(pg, event, replica, received_wall_ms, &decision, delivery, err);
	if (decision.verdict == DELIVERY_UNKNOWN)
		return error_set(err, ST_NOT_FOUND, "there is no delivery of order %" PRId64,
				 event->order_id);
	return error_set(err, ST_CONFLICT,
			 "version %d of order %" PRId64 " was applied before, as another change",
			 event->version, event->order_id);
}

struct pg_config sync_delivery_store_database(const char *url)
{
	static const struct pg_statement *const tables[] = { sync_delivery_store_statements, NULL };

	return (struct pg_config){ url, "delivery-service sync", SERVICE_SCHEMA_DELIVERY, tables };
}
