#include "tools/page/table_feed.h"

#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define PERIOD_MS   250
#define EFFECTS_MAX 200 /* of one read; older ones are counted */
#define BEGIN_WITH  300 /* effects that were there before us */
#define LATE_IDS    256 /* an id may be committed so much later than those behind it */

#define ASKS_MAX 32

/* An effect h, the newer one that came before it, and the delivery as it is now. */
#define EFFECT                                                                                     \
	"h.id, h.order_id, h.version::int8, h.event, h.status, h.\"partition\"::int8, "            \
	"h.\"offset\", h.replica, "                                                                \
	"(extract(epoch from h.received_at) * 1000)::int8, "                                       \
	"(extract(epoch from h.applied_at) * 1000)::int8, "                                        \
	"o.version::int8, o.event, o.\"partition\"::int8, o.\"offset\", o.replica, "               \
	"(extract(epoch from o.applied_at) * 1000)::int8, "                                        \
	"d.status, d.version::int8, d.product_name, d.qty::int8, d.address "
/* Row by row, and by the indexes of the order: of a table that grows nothing else may be read. That
 * is why history_once's own condition is repeated, and id kept from being looked up. */
#define EFFECT_JOINS                                                                               \
	"left join lateral ("                                                                      \
	"  select * from delivery.history o "                                                      \
	"  where o.order_id = h.order_id and o.version > h.version and h.version > 0 "             \
	"    and o.version > 0 and o.id + 0 < h.id "                                               \
	"  order by o.version desc limit 1"                                                        \
	") o on true "                                                                             \
	"left join lateral ("                                                                      \
	"  select * from delivery.delivery d where d.order_id = h.order_id limit 1"                \
	") d on true "

const struct pg_statement table_feed_statements[] = {
	{ "page_positions", "select \"partition\"::int8, next_offset, epoch, owner "
			    "from delivery.position "
			    "where topic = $1 "
			    "order by 1 "
			    "limit 64" },
	{ "page_newest", "select coalesce(max(id), 0) from delivery.history" },
	{ "page_effects", "select " EFFECT " from ("
			  "  select * from delivery.history where id > $1 order by id desc limit $2"
			  ") h " EFFECT_JOINS "order by h.id" },
	{ "page_history",
	  "select " EFFECT " from ("
	  "  select * from delivery.history where order_id = $1 order by id limit $2"
	  ") h " EFFECT_JOINS "order by h.id" },
	{ 0 },
};

enum effect_column {
	E_ID,
	E_ORDER,
	E_VERSION,
	E_EVENT,
	E_STATUS,
	E_PARTITION,
	E_OFFSET,
	E_REPLICA,
	E_RECEIVED,
	E_APPLIED,
	E_NEWER_VERSION,
	E_NEWER_EVENT,
	E_NEWER_PARTITION,
	E_NEWER_OFFSET,
	E_NEWER_REPLICA,
	E_NEWER_APPLIED,
	E_ROW_STATUS,
	E_ROW_VERSION,
	E_ROW_NAME,
	E_ROW_QTY,
	E_ROW_ADDRESS,
};

struct ask {
	int64_t order, ticket;
};

struct table_feed {
	struct pg *pg;
	const char *topic;
	struct mailbox *box;
	int64_t newest; /* id that was read; -1: none yet */
	int64_t seen[LATE_IDS];
	pthread_mutex_t mu;
	struct ask asks[ASKS_MAX]; /* guarded by mu */
	size_t ask_count;          /* guarded by mu */
	pthread_t thread;
	bool started;
};

/* --- effects ------------------------------------------------------------------------------- */

static json_t *int_of(const PGresult *r, int row, int column)
{
	return json_integer((json_int_t)pg_i64(r, row, column));
}

static json_t *newer_to_json(const PGresult *r, int row)
{
	if (!pg_text(r, row, E_NEWER_EVENT))
		return json_null();
	return json_pack("{s:o, s:s, s:o, s:o, s:s, s:o}", "version",
			 int_of(r, row, E_NEWER_VERSION), "event", pg_text(r, row, E_NEWER_EVENT),
			 "partition", int_of(r, row, E_NEWER_PARTITION), "offset",
			 int_of(r, row, E_NEWER_OFFSET), "replica",
			 pg_text(r, row, E_NEWER_REPLICA), "applied",
			 int_of(r, row, E_NEWER_APPLIED));
}

static json_t *row_to_json(const PGresult *r, int row)
{
	if (!pg_text(r, row, E_ROW_STATUS))
		return json_null();
	return json_pack("{s:s, s:o, s:s, s:o, s:s}", "status", pg_text(r, row, E_ROW_STATUS),
			 "version", int_of(r, row, E_ROW_VERSION), "productName",
			 pg_text(r, row, E_ROW_NAME), "qty", int_of(r, row, E_ROW_QTY), "address",
			 pg_text(r, row, E_ROW_ADDRESS));
}

static json_t *effect_to_json(const PGresult *r, int row)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "id",
			 int_of(r, row, E_ID), "order", int_of(r, row, E_ORDER), "version",
			 int_of(r, row, E_VERSION), "event", pg_text(r, row, E_EVENT), "status",
			 pg_text(r, row, E_STATUS), "partition", int_of(r, row, E_PARTITION),
			 "offset", int_of(r, row, E_OFFSET), "replica", pg_text(r, row, E_REPLICA),
			 "received", int_of(r, row, E_RECEIVED), "applied",
			 int_of(r, row, E_APPLIED), "newer", newer_to_json(r, row), "row",
			 row_to_json(r, row));
}

/* True the first time that id comes. */
static bool is_new(struct table_feed *f, int64_t id)
{
	int64_t *slot = &f->seen[id % LATE_IDS];

	if (*slot >= id)
		return false;
	*slot = id;
	return true;
}

static void mail_effects(struct table_feed *f, const PGresult *r, int64_t newest, bool reset)
{
	json_t *effects = json_array();
	int64_t before = f->newest, new = 0;

	for (int row = 0; row < PQntuples(r); row++) {
		int64_t id = pg_i64(r, row, E_ID);

		if (!is_new(f, id))
			continue;
		new += id > before;
		(void)json_array_append_new(effects, effect_to_json(r, row));
		if (id > newest)
			newest = id;
	}
	f->newest = newest;
	if (json_array_size(effects) == 0 && !reset) {
		json_decref(effects);
		return;
	}
	(void)mailbox_put(
		f->box, MAIL_EFFECTS,
		json_pack("{s:o, s:b, s:I}", "effects", effects, "reset", (int)reset, "more",
			  (json_int_t)(before > 0 && newest - before > new ? newest - before - new
									   : 0)));
}

/* --- one read ------------------------------------------------------------------------------ */

static enum status read_newest(struct table_feed *f, int64_t *newest, struct error *err)
{
	struct pg_call call = { "page_newest", NULL, NULL };

	if (pg_run(f->pg, &call, 1, err) != ST_OK)
		return err->status;
	*newest = pg_i64(call.result, 0, 0);
	pg_clear(&call, 1);
	return ST_OK;
}

/* The first read begins near the end; a history that ends before what was read was emptied. */
static enum status read_effects(struct table_feed *f, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "page_effects", &params, NULL };
	bool first = f->newest < 0, reset;
	int64_t newest = 0;

	if (read_newest(f, &newest, err) != ST_OK)
		return err->status;
	reset = newest < f->newest;
	if (first || reset) {
		memset(f->seen, 0, sizeof(f->seen));
		f->newest = newest > BEGIN_WITH ? newest - BEGIN_WITH : 0;
	}
	pg_param_i64(&params, f->newest > LATE_IDS ? f->newest - LATE_IDS : 0);
	pg_param_i64(&params, LATE_IDS + EFFECTS_MAX);
	if (pg_run(f->pg, &call, 1, err) != ST_OK)
		return err->status;
	mail_effects(f, call.result, newest > f->newest ? newest : f->newest, reset);
	pg_clear(&call, 1);
	return ST_OK;
}

static enum status read_positions(struct table_feed *f, json_t *positions, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "page_positions", &params, NULL };

	pg_param_text(&params, f->topic);
	if (pg_run(f->pg, &call, 1, err) != ST_OK)
		return err->status;
	for (int row = 0; row < PQntuples(call.result); row++)
		(void)json_array_append_new(positions,
					    json_pack("{s:o, s:o, s:o, s:s}", "partition",
						      int_of(call.result, row, 0), "position",
						      int_of(call.result, row, 1), "epoch",
						      int_of(call.result, row, 2), "owner",
						      pg_text(call.result, row, 3)));
	pg_clear(&call, 1);
	return ST_OK;
}

static void read_all(struct table_feed *f)
{
	int64_t read_mono_ms = clock_mono_ms();
	json_t *positions = json_array(), *mail;
	struct error err = { 0 };
	bool up = read_positions(f, positions, &err) == ST_OK && read_effects(f, &err) == ST_OK;

	mail = json_pack("{s:b, s:o}", "up", (int)up, "positions", positions);
	if (up)
		(void)json_object_set_new(mail, "read", json_integer(read_mono_ms));
	(void)mailbox_put(f->box, MAIL_POSITIONS, mail);
	if (!up)
		log_debug("page", "cannot read the tables", "error=%s", LOG_QUOTE(err.msg));
}

/* --- the history of one order -------------------------------------------------------------- */

bool table_feed_ask(struct table_feed *f, int64_t order, int64_t ticket)
{
	bool room;

	(void)pthread_mutex_lock(&f->mu);
	room = f->ask_count < ASKS_MAX;
	if (room)
		f->asks[f->ask_count++] = (struct ask){ order, ticket };
	(void)pthread_mutex_unlock(&f->mu);
	return room;
}

static bool take_ask(struct table_feed *f, struct ask *ask)
{
	bool any;

	(void)pthread_mutex_lock(&f->mu);
	any = f->ask_count > 0;
	if (any)
		*ask = f->asks[--f->ask_count];
	(void)pthread_mutex_unlock(&f->mu);
	return any;
}

/* NULL: the database does not answer. */
static json_t *read_history(struct table_feed *f, int64_t order)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "page_history", &params, NULL };
	struct error err = { 0 };
	json_t *effects;

	pg_param_i64(&params, order);
	pg_param_i64(&params, EFFECTS_MAX);
	if (pg_run(f->pg, &call, 1, &err) != ST_OK)
		return NULL;
	effects = json_array();
	for (int row = 0; row < PQntuples(call.result); row++)
		(void)json_array_append_new(effects, effect_to_json(call.result, row));
	pg_clear(&call, 1);
	return effects;
}

static void answer_asks(struct table_feed *f)
{
	struct ask ask;

	while (take_ask(f, &ask)) {
		json_t *effects = read_history(f, ask.order);
		json_t *content = json_pack("{s:I}", "ticket", (json_int_t)ask.ticket);

		if (effects)
			(void)json_object_set_new(content, "effects", effects);
		(void)mailbox_put(f->box, MAIL_HISTORY, content);
	}
}

static void *thread_main(void *arg)
{
	struct table_feed *f = arg;

	do {
		read_all(f);
		answer_asks(f);
	} while (mailbox_pause(f->box, PERIOD_MS));
	return NULL;
}

/* --- open and close ------------------------------------------------------------------------ */

enum status table_feed_open(struct table_feed **out, const char *database_url, const char *topic,
			    struct mailbox *box, struct error *err)
{
	static const struct pg_statement *const tables[] = { table_feed_statements, NULL };
	const struct pg_config pg = { .url = database_url,
				      .application = "page",
				      .tables = tables };
	struct table_feed *f = calloc(1, sizeof(*f));

	if (!f)
		return error_set(err, ST_INTERNAL, "out of memory");
	f->topic = topic;
	f->box = box;
	f->newest = -1;
	(void)pthread_mutex_init(&f->mu, NULL);
	if (pg_open(&f->pg, &pg, err) == ST_OK) {
		f->started = pthread_create(&f->thread, NULL, thread_main, f) == 0;
		if (!f->started)
			(void)error_set(err, ST_INTERNAL, "cannot start a thread");
	}
	if (!f->started) {
		table_feed_close(f);
		return err->status;
	}
	*out = f;
	return ST_OK;
}

void table_feed_close(struct table_feed *f)
{
	if (!f)
		return;
	if (f->started)
		(void)pthread_join(f->thread, NULL);
	pg_close(f->pg);
	(void)pthread_mutex_destroy(&f->mu);
	free(f);
}
