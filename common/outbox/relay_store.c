#include "common/outbox/relay_store.h"

#include "common/kafka/kafka_producer.h"
#include "common/outbox/relay_backlog.h"
#include "common/outbox/relay_lease.h"

#define BATCH_MAX_BYTES (4 * 1024 * 1024) /* payload of one batch; one larger row still goes */

const struct pg_statement relay_store_statements[] = {
	/* The channel that the outbox's trigger notifies. */
	{ "relay_listen", "do $$ begin "
			  "  execute format('listen outbox_%s', current_schema()); "
			  "end $$" },
	{ "relay_unlisten", "unlisten *" },
	/* All unpublished rows in id order, up to a number of rows and of bytes. */
	{ "relay_fetch", "select id, topic, key, type, headers, payload "
			 "from ("
			 "  select o.*, sum(coalesce(octet_length(payload), 0)) over (order by id) "
			 "    - coalesce(octet_length(payload), 0) as bytes_before "
			 "  from ("
			 "    select * "
			 "    from outbox "
			 "    where exists (select from outbox_lease where holder = $3) "
			 "    order by id "
			 "    limit $1"
			 "  ) o"
			 ") w "
			 "where bytes_before < $2 "
			 "order by id" },
	{ "relay_delete", "delete from outbox "
			  "where id = any($1::int8[])" },
	{ "relay_move_to_dead",
	  "with gone as ("
	  "  delete from outbox "
	  "  where id = any($1::int8[]) "
	  "  returning *"
	  ") "
	  "insert into outbox_dead (id, topic, key, type, headers, payload, created_at, reason) "
	  "select g.id, topic, key, type, headers, payload, created_at, r.reason "
	  "from gone g "
	  "join unnest($1::int8[], $2::text[]) as r (id, reason) on r.id = g.id" },
	{ 0 },
};

enum status relay_store_open(struct relay_store *o, const char *database_url, const char *schema,
			     const char *application, struct error *err)
{
	static const struct pg_statement *const tables[] = {
		relay_store_statements,
		relay_lease_statements,
		relay_backlog_statements,
		NULL,
	};

	const struct pg_config config = { database_url, application, schema, tables };

	o->listening = 0;
	return pg_open(&o->pg, &config, err);
}

void relay_store_close(struct relay_store *o)
{
	pg_close(o->pg);
}

/* The verdicts, as arrays for the statements. */
struct settlement {
	struct pg_array acked, refused, reasons;
};

static void settlement_init(struct settlement *s, const struct relay_ledger *ledger)
{
	pg_array_init(&s->acked, PG_ARRAY_INT8);
	pg_array_init(&s->refused, PG_ARRAY_INT8);
	pg_array_init(&s->reasons, PG_ARRAY_TEXT);
	for (size_t i = 0; i < ledger->count; i++) {
		const struct relay_row *row = &ledger->rows[i];

		if (row->verdict == RELAY_ACKED)
			pg_array_i64(&s->acked, row->id);
		if (row->verdict != RELAY_REFUSED)
			continue;
		pg_array_i64(&s->refused, row->id);
		pg_array_text(&s->reasons, kafka_producer_reason(row->reason));
	}
}

static void settlement_fini(struct settlement *s)
{
	pg_array_fini(&s->acked);
	pg_array_fini(&s->refused);
	pg_array_fini(&s->reasons);
}

static void fetch_params(struct pg_params *p, const char *holder)
{
	pg_param_i64(p, RELAY_BATCH_MAX);
	pg_param_i64(p, BATCH_MAX_BYTES);
	pg_param_text(p, holder);
}

enum status relay_store_settle_and_fetch(struct relay_store *o, const struct relay_ledger *ledger,
					 const char *holder, PGresult **rows, struct error *err)
{
	struct settlement s;
	struct pg_params acked = { 0 }, refused = { 0 }, fetch = { 0 };
	struct pg_call calls[3];
	size_t n = 0;
	enum status st;

	settlement_init(&s, ledger);
	if (ledger->acked) {
		pg_param_array(&acked, &s.acked);
		calls[n++] = (struct pg_call){ "relay_delete", &acked, NULL };
	}
	if (ledger->refused) {
		pg_param_array(&refused, &s.refused);
		pg_param_array(&refused, &s.reasons);
		calls[n++] = (struct pg_call){ "relay_move_to_dead", &refused, NULL };
	}
	fetch_params(&fetch, holder);
	calls[n++] = (struct pg_call){ "relay_fetch", &fetch, NULL };
	st = pg_run(o->pg, calls, n, err);
	settlement_fini(&s);
	if (st != ST_OK)
		return st;
	*rows = calls[n - 1].result;
	calls[n - 1].result = NULL;
	pg_clear(calls, n);
	return ST_OK;
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
