#include "common/outbox/relay_store.h"

#include "common/kafka/kafka_producer.h"
#include "common/outbox/relay_backlog.h"
#include "common/outbox/relay_lease.h"

#define BATCH_MAX_BYTES (4 * 1024 * 1024) /* payload of one batch; one larger row still goes */

const struct pg_statement relay_store_statements[] = {
	/* A bitmap of all rows from low on, sorted for the first of them, seems cheap while the
	 * planner takes the table for a small one. */
	{ "relay_plan", "select set_config('enable_bitmapscan', 'off', false)" },
	/* The channel that the outbox's trigger notifies. */
	{ "relay_listen", "do $$ begin "
			  "  execute format('listen outbox_%s', current_schema()); "
			  "end $$" },
	{ "relay_unlisten", "unlisten *" },
	/* The unpublished rows in id order, up to a number of rows and of bytes. */
	{ "relay_fetch", "select id, topic, key, type, headers, payload, created_at "
			 "from ("
			 "  select o.*, sum(coalesce(octet_length(payload), 0)) over (order by id) "
			 "    - coalesce(octet_length(payload), 0) as bytes_before "
			 "  from ("
			 "    select * "
			 "    from outbox "
			 "    where id >= $4 and topic <> all($5::text[]) "
			 "      and exists (select from outbox_lease where holder = $3) "
			 "    order by id "
			 "    limit $1"
			 "  ) o"
			 ") w "
			 "where bytes_before < $2 "
			 "order by id" },
	/* The look of relay_bound.h: who may still commit a row, and whether one of $1 may. */
	{ "relay_writers", "select coalesce(array_agg(virtualtransaction), '{}')::text, "
			   "  coalesce(bool_or(virtualtransaction = any($1::text::text[])), "
			   "    false)::int4 "
			   "from pg_locks "
			   "where relation = 'outbox'::regclass and mode = 'RowExclusiveLock' "
			   "  and granted and pid is distinct from pg_backend_pid() "
			   "  and database = (select oid from pg_database "
			   "    where datname = current_database())" },
	/* Within the session that has read them. */
	{ "relay_delete", "delete from outbox "
			  "where id = any($1::int8[])" },
	/* A row that has only the id of one that was published is of another time: a restored
	 * database gives ids out again. */
	{ "relay_delete_committed", "delete from outbox o "
				    "using unnest($1::int8[], $2::int8[]) as c (id, created) "
				    "where o.id = c.id "
				    "  and o.created_at = timestamptz '2000-01-01 00:00:00+00' "
				    "    + c.created * interval '1 microsecond'" },
	{ "relay_move_to_dead",
	  "with gone as ("
	  "  delete from outbox o "
	  "  using unnest($1::int8[], $2::int8[], $3::text[]) as c (id, created, reason) "
	  "  where o.id = c.id "
	  "    and o.created_at = timestamptz '2000-01-01 00:00:00+00' "
	  "      + c.created * interval '1 microsecond' "
	  "  returning o.*, c.reason"
	  ") "
	  "insert into outbox_dead (id, topic, key, type, headers, payload, created_at, reason) "
	  "select id, topic, key, type, headers, payload, created_at, reason "
	  "from gone" },
	{ 0 },
};

/* Before the other statements are planned, at their first use. */
static enum status begin_session(void *context, struct pg *pg, struct error *err)
{
	struct relay_store *o = context;
	struct pg_call call = { "relay_plan", NULL, NULL };

	o->sessions++;
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	pg_clear(&call, 1);
	return ST_OK;
}

enum status relay_store_open(struct relay_store *o, const char *database_url, const char *schema,
			     const char *application, struct error *err)
{
	static const struct pg_statement *const tables[] = {
		relay_store_statements,
		relay_lease_statements,
		relay_backlog_statements,
		relay_sleep_statements,
		NULL,
	};

	const struct pg_config config = { database_url, application, schema, tables };

	o->listening = 0;
	o->sessions = o->read_by = 0;
	relay_sleep_init(&o->sleep);
	if (pg_open(&o->pg, &config, err) != ST_OK)
		return err->status;
	pg_check_sessions(o->pg, begin_session, o);
	return ST_OK;
}

void relay_store_close(struct relay_store *o)
{
	pg_close(o->pg);
}

/* The verdicts, as arrays for the statements. */
struct settlement {
	struct pg_array acked, acked_created, refused, refused_created, reasons;
};

static void settlement_init(struct settlement *s, const struct relay_ledger *ledger)
{
	pg_array_init(&s->acked, PG_ARRAY_INT8);
	pg_array_init(&s->acked_created, PG_ARRAY_INT8);
	pg_array_init(&s->refused, PG_ARRAY_INT8);
	pg_array_init(&s->refused_created, PG_ARRAY_INT8);
	pg_array_init(&s->reasons, PG_ARRAY_TEXT);
	for (size_t i = 0; i < ledger->count; i++) {
		const struct relay_row *row = &ledger->rows[i];

		if (row->verdict == RELAY_ACKED) {
			pg_array_i64(&s->acked, row->id);
			pg_array_i64(&s->acked_created, row->created_us);
		}
		if (row->verdict != RELAY_REFUSED)
			continue;
		pg_array_i64(&s->refused, row->id);
		pg_array_i64(&s->refused_created, row->created_us);
		pg_array_text(&s->reasons, kafka_producer_reason(row->reason));
	}
}

static void settlement_fini(struct settlement *s)
{
	pg_array_fini(&s->acked);
	pg_array_fini(&s->acked_created);
	pg_array_fini(&s->refused);
	pg_array_fini(&s->refused_created);
	pg_array_fini(&s->reasons);
}

static void held_names(struct pg_array *names, const struct relay_topics *topics, int64_t now)
{
	pg_array_init(names, PG_ARRAY_TEXT);
	for (size_t i = 0; i < topics->count; i++) {
		if (relay_topics_is_held(&topics->topics[i], now))
			pg_array_text(names, topics->topics[i].name);
	}
}

/*
 * The calls of a settlement, at most two. Behind the session that read the rows there may be a
 * database that has forgotten them, and has given their ids to others: those stay.
 */
static size_t settle_calls(const struct relay_store *o, struct pg_call *calls,
			   struct pg_params *acked, struct pg_params *refused, struct settlement *s,
			   const struct relay_ledger *ledger)
{
	bool same_session = o->sessions == o->read_by;
	size_t n = 0;

	if (ledger->acked) {
		pg_param_array(acked, &s->acked);
		if (!same_session)
			pg_param_array(acked, &s->acked_created);
		calls[n++] =
			(struct pg_call){ same_session ? "relay_delete" : "relay_delete_committed",
					  acked, NULL };
	}
	if (ledger->refused) {
		pg_param_array(refused, &s->refused);
		pg_param_array(refused, &s->refused_created);
		pg_param_array(refused, &s->reasons);
		calls[n++] = (struct pg_call){ "relay_move_to_dead", refused, NULL };
	}
	return n;
}

/* What the read, and the look after it if there was one, tell of the bound. */
static void move_bound(struct relay_bound *b, const PGresult *rows, const PGresult *look, bool all)
{
	int count = PQntuples(rows);

	if (count > 0)
		relay_bound_read(b, pg_i64(rows, 0, 0), pg_i64(rows, count - 1, 0), (size_t)count,
				 all);
	if (look)
		relay_bound_looked(b, pg_text(look, 0, 0), pg_i64(look, 0, 1) != 0);
}

static void fetch_params(struct pg_params *p, struct relay_store *o, const char *holder,
			 struct pg_array *held)
{
	pg_param_i64(p, RELAY_BATCH_MAX);
	pg_param_i64(p, BATCH_MAX_BYTES);
	pg_param_text(p, holder);
	pg_param_i64(p, o->bound.low);
	pg_param_array(p, held);
}

/* Runs n calls, and after them the fetch, and a look if one is due. */
static enum status run_with_fetch(struct relay_store *o, struct pg_call *calls, size_t n,
				  const char *holder, struct pg_array *held, PGresult **rows,
				  struct error *err)
{
	bool look = relay_bound_due(&o->bound);
	struct pg_params fetch = { 0 }, writers = { 0 };
	size_t count = n + (look ? 2 : 1);

	fetch_params(&fetch, o, holder, held);
	pg_param_text(&writers, o->bound.writers);
	calls[n] = (struct pg_call){ "relay_fetch", &fetch, NULL };
	if (look)
		calls[n + 1] = (struct pg_call){ "relay_writers", &writers, NULL };
	if (pg_run(o->pg, calls, count, err) != ST_OK)
		return err->status;
	*rows = calls[n].result;
	calls[n].result = NULL;
	o->read_by = o->sessions;
	move_bound(&o->bound, *rows, look ? calls[n + 1].result : NULL, held->count == 0);
	pg_clear(calls, count);
	return ST_OK;
}

enum status relay_store_settle_and_fetch(struct relay_store *o, const struct relay_ledger *ledger,
					 const struct relay_topics *topics, int64_t now,
					 const char *holder, bool awake, PGresult **rows, bool *all,
					 struct error *err)
{
	struct settlement s;
	struct pg_params acked = { 0 }, refused = { 0 };
	struct pg_array held;
	struct pg_call calls[5];
	size_t n = 0;
	enum status st;

	/* The calls depend on the session. */
	if (pg_connect(o->pg, err) != ST_OK)
		return err->status;
	settlement_init(&s, ledger);
	held_names(&held, topics, now);
	if (awake)
		n = relay_sleep_end(&o->sleep, o->pg, calls);
	n += settle_calls(o, calls + n, &acked, &refused, &s, ledger);
	st = run_with_fetch(o, calls, n, holder, &held, rows, err);
	if (st == ST_OK && awake)
		relay_sleep_ended(&o->sleep);
	*all = held.count == 0;
	pg_array_fini(&held);
	settlement_fini(&s);
	return st;
}

enum status relay_store_listen(struct relay_store *o, bool wanted, struct error *err)
{
	bool listens = o->listening == pg_backend_pid(o->pg);
	struct pg_call call = { wanted ? "relay_listen" : "relay_unlisten", NULL, NULL };

	if (listens == wanted)
		return ST_OK;
	if (pg_run(o->pg, &call, 1, err) != ST_OK)
		return err->status;
	pg_clear(&call, 1);
	o->listening = wanted ? pg_backend_pid(o->pg) : 0;
	return ST_OK;
}

enum status relay_store_lock_sleep(struct relay_store *o, struct error *err)
{
	return relay_sleep_lock(&o->sleep, o->pg, err);
}

enum status relay_store_delete_committed(struct relay_store *o, const struct relay_committed *c,
					 int64_t *count, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_array ids, created;
	struct pg_call call = { "relay_delete_committed", &params, NULL };
	enum status st;

	pg_array_init(&ids, PG_ARRAY_INT8);
	pg_array_init(&created, PG_ARRAY_INT8);
	for (size_t i = 0; i < c->count; i++) {
		pg_array_i64(&ids, c->rows[i].id);
		pg_array_i64(&created, c->rows[i].created_us);
	}
	pg_param_array(&params, &ids);
	pg_param_array(&params, &created);
	st = pg_run(o->pg, &call, 1, err);
	if (st == ST_OK)
		*count = pg_affected(call.result);
	if (st == ST_OK)
		pg_clear(&call, 1);
	pg_array_fini(&ids);
	pg_array_fini(&created);
	return st;
}
