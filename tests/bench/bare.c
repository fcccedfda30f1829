/*
 * What the database alone can do: the delivery path's effects in a bare loop, without Kafka,
 * without decisions. ORDERS orders with three events each, in blocks as bench-feed writes them; a
 * transaction for BATCH events: position, upsert of the deliveries, history, outbox, each one
 * statement over arrays, all in one round trip. Prints events per second.
 * The statements are the yardstick: they stay as they are when delivery-service's change.
 * Exit status: 0; 1 not possible; 2 bad settings.
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/config.h"
#include "common/event/event.h"
#include "common/outbox/outbox.h"
#include "common/pg/pg.h"
#include "common/runtime/clock.h"

#define TOPIC "bench.bare"

struct config {
	const char *database_url;
	int64_t orders, block, batch;
};

static const struct config_key keys[] = {
	{ "DATABASE_URL", CONFIG_TEXT, CONFIG_SECRET_URL, offsetof(struct config, database_url),
	  "postgresql://delivery_service@127.0.0.1:15432/lab", 0, 0, NULL,
	  "PostgreSQL, as delivery-service's role" },
	{ "ORDERS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, orders), "1000", 1,
	  100000000, NULL, "orders, each with three events" },
	{ "BLOCK", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, block), "1000", 1, 100000000,
	  NULL, "orders in a block" },
	{ "BATCH", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, batch), "1000", 1, 100000,
	  NULL, "events in a transaction, all of one block and kind" },
	{ 0 },
};

static const struct config_program program = {
	.name = "bench-bare",
	.summary = "the delivery path's SQL in a bare loop",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.manner = "Writes the events, once.",
	.exit_status = "0 done, 1 not possible, 2 bad settings.",
};

static const struct pg_statement statements[] = {
	{ "claim", "insert into position (topic, \"partition\", next_offset, epoch, owner) "
		   "values ($1, 0, 0, 1, 'bare')" },
	{ "advance", "update position set next_offset = $2::int8, updated_at = now() "
		     "where topic = $1 and \"partition\" = 0 and epoch = 1" },
	{ "upsert",
	  "insert into delivery (order_id, version, customer_id, product_id, product_name, qty, "
	  "address, status) select * from unnest($1::int8[], $2::int4[], $3::int8[], $4::text[], "
	  "$5::text[], $6::int4[], $7::text[], $8::text[]) on conflict (order_id) do update set "
	  "version = excluded.version, customer_id = excluded.customer_id, "
	  "product_id = excluded.product_id, product_name = excluded.product_name, "
	  "qty = excluded.qty, address = excluded.address, status = excluded.status, "
	  "updated_at = now()" },
	{ "record", "insert into history (order_id, version, event, status, \"partition\", "
		    "\"offset\", replica, received_at) select o, v, e, s, 0, f, 'bare', now() "
		    "from unnest($1::int8[], $2::int4[], $3::text[], $4::text[], $5::int8[]) "
		    "as h (o, v, e, s, f)" },
	{ 0 },
};
static const struct pg_statement *const tables[] = { statements, outbox_statements, NULL };

enum { D_ORDER, D_VERSION, D_CUSTOMER, D_PRODUCT, D_NAME, D_QTY, D_ADDRESS, D_STATUS, D_COUNT };
static const enum pg_array_type delivery_types[D_COUNT] = {
	PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_INT8, PG_ARRAY_TEXT,
	PG_ARRAY_TEXT, PG_ARRAY_INT4, PG_ARRAY_TEXT, PG_ARRAY_TEXT,
};

enum { H_ORDER, H_VERSION, H_EVENT, H_STATUS, H_OFFSET, H_COUNT };
static const enum pg_array_type history_types[H_COUNT] = {
	PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_TEXT, PG_ARRAY_TEXT, PG_ARRAY_INT8,
};

struct batch {
	struct pg_array delivery[D_COUNT], history[H_COUNT];
	struct outbox_batch outbox;
};

static void batch_init(struct batch *b)
{
	for (int i = 0; i < D_COUNT; i++)
		pg_array_init(&b->delivery[i], delivery_types[i]);
	for (int i = 0; i < H_COUNT; i++)
		pg_array_init(&b->history[i], history_types[i]);
	outbox_batch_init(&b->outbox);
}

static void batch_fini(struct batch *b)
{
	for (int i = 0; i < D_COUNT; i++)
		pg_array_fini(&b->delivery[i]);
	for (int i = 0; i < H_COUNT; i++)
		pg_array_fini(&b->history[i]);
	outbox_batch_fini(&b->outbox);
}

/* False: out of memory. */
static bool batch_add(struct batch *b, int64_t order_id, enum event_type type, int64_t offset)
{
	const char *address = type == EVENT_PLACED ? "PUSAN" : "SEOUL";
	const char *status = event_delivery_statuses[type];
	const int32_t version = (int32_t)type + 1;
	char payload[320];

	pg_array_i64(&b->delivery[D_ORDER], order_id);
	pg_array_i32(&b->delivery[D_VERSION], version);
	pg_array_i64(&b->delivery[D_CUSTOMER], 1000 + order_id % 1000);
	pg_array_text(&b->delivery[D_PRODUCT], "100");
	pg_array_text(&b->delivery[D_NAME], "RADIO");
	pg_array_i32(&b->delivery[D_QTY], 3);
	pg_array_text(&b->delivery[D_ADDRESS], address);
	pg_array_text(&b->delivery[D_STATUS], status);
	pg_array_i64(&b->history[H_ORDER], order_id);
	pg_array_i32(&b->history[H_VERSION], version);
	pg_array_text(&b->history[H_EVENT], event_order_names[type]);
	pg_array_text(&b->history[H_STATUS], status);
	pg_array_i64(&b->history[H_OFFSET], offset);
	(void)snprintf(payload, sizeof(payload),
		       "{\"eventType\":\"%s\",\"timestamp\":%" PRId64 ",\"id\":%" PRId64
		       ",\"orderId\":%" PRId64 ",\"version\":%d,\"customerId\":%" PRId64
		       ",\"productId\":\"100\",\"productName\":\"RADIO\",\"qty\":3,"
		       "\"address\":\"%s\",\"status\":\"%s\"}",
		       event_delivery_names[type], clock_wall_ms(), order_id, order_id, version,
		       1000 + order_id % 1000, address, status);
	return outbox_batch_add_event(&b->outbox, TOPIC, order_id, event_delivery_names[type],
				      payload, NULL);
}

static enum status batch_write(struct pg *pg, struct batch *b, int64_t next_offset,
			       struct error *err)
{
	struct pg_params advance = { 0 }, upsert = { 0 }, record = { 0 }, outbox = { 0 };
	struct pg_call calls[] = {
		{ PG_BEGIN, NULL, NULL },         { "advance", &advance, NULL },
		{ "upsert", &upsert, NULL },      { "record", &record, NULL },
		{ OUTBOX_INSERT, &outbox, NULL }, { PG_COMMIT, NULL, NULL },
	};
	const size_t count = sizeof(calls) / sizeof(calls[0]);

	pg_param_text(&advance, TOPIC);
	pg_param_i64(&advance, next_offset);
	for (int i = 0; i < D_COUNT; i++)
		pg_param_array(&upsert, &b->delivery[i]);
	for (int i = 0; i < H_COUNT; i++)
		pg_param_array(&record, &b->history[i]);
	outbox_batch_params(&b->outbox, &outbox);
	if (pg_run(pg, calls, count, err) != ST_OK)
		return err->status;
	pg_clear(calls, count);
	return ST_OK;
}

/* count events of one kind, in transactions. */
static enum status write_events(struct pg *pg, const struct config *config, int64_t first,
				int64_t count, enum event_type type, int64_t *offset,
				struct error *err)
{
	enum status st = ST_OK;
	struct batch b;

	while (count > 0 && st == ST_OK) {
		int64_t n = count < config->batch ? count : config->batch;

		batch_init(&b);
		for (int64_t i = 0; i < n && st == ST_OK; i++) {
			if (!batch_add(&b, first + i, type, (*offset)++))
				st = error_set(err, ST_INTERNAL, "out of memory");
		}
		if (st == ST_OK)
			st = batch_write(pg, &b, *offset, err);
		batch_fini(&b);
		first += n;
		count -= n;
	}
	return st;
}

static enum status write_all(struct pg *pg, const struct config *config, struct error *err)
{
	struct pg_params claim = { 0 };
	struct pg_call call = { "claim", &claim, NULL };
	int64_t offset = 0, start;

	pg_param_text(&claim, TOPIC);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	pg_clear(&call, 1);
	start = clock_mono_us();
	for (int64_t first = 1; first <= config->orders; first += config->block) {
		int64_t left = config->orders - first + 1;

		for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
			if (write_events(pg, config, first,
					 left < config->block ? left : config->block,
					 (enum event_type)type, &offset, err) != ST_OK)
				return err->status;
		}
	}
	printf("%" PRId64 "\n", offset * 1000000 / (clock_mono_us() - start));
	return ST_OK;
}

static enum status open_database(struct pg **out, const char *url, struct error *err)
{
	const struct pg_config config = { url, "bench-bare", NULL, tables };

	return pg_open(out, &config, err);
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	int done = config_main(&program, argc, argv, &config);
	struct error err = { 0 };
	struct pg *pg = NULL;

	if (done >= 0)
		return done;
	if (open_database(&pg, config.database_url, &err) == ST_OK)
		(void)write_all(pg, &config, &err);
	pg_close(pg);
	if (err.status == ST_OK)
		return 0;
	(void)fprintf(stderr, "bench-bare: %s\n", err.msg);
	return 1;
}
