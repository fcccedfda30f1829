#include "common/outbox/relay_backlog.h"

#include <inttypes.h>

#include "common/runtime/clock.h"

#define REFRESH_EVERY_MS 1000

const struct pg_statement relay_backlog_statements[] = {
	/* Both ends of the index only: a count would read the whole table, which is long when it is
	 * busy. So ids that were never committed, and events in the middle that are published
	 * already, are counted too. */
	{ "relay_backlog",
	  "with low as (select greatest($1, (select low_id from outbox_lease)) as id) "
	  "select coalesce(max(id) - min(id) + 1, 0), "
	  "  coalesce((extract(epoch from clock_timestamp() - ("
	  "    select created_at from outbox "
	  "    where id >= (select id from low) "
	  "    order by id limit 1"
	  "  )) * 1000)::int8, 0) "
	  "from outbox "
	  "where id >= (select id from low)" },
	{ 0 },
};

enum status relay_backlog_refresh(struct relay_backlog *b, struct pg *pg, int64_t low,
				  struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "relay_backlog", &params, NULL };
	int64_t now = clock_mono_ms();

	if (now < b->next_mono_ms)
		return ST_OK;
	b->next_mono_ms = now + REFRESH_EVERY_MS;
	pg_param_i64(&params, low);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	atomic_store(&b->oldest_mono_ms, clock_mono_ms() - pg_i64(call.result, 0, 1));
	atomic_store(&b->count, pg_i64(call.result, 0, 0));
	pg_clear(&call, 1);
	return ST_OK;
}

void relay_backlog_metrics(const struct relay_backlog *b, struct metrics_out *out)
{
	int64_t count = atomic_load(&b->count);
	int64_t age_ms = count > 0 ? clock_mono_ms() - atomic_load(&b->oldest_mono_ms) : 0;

	metrics_one(out, "relay_outbox_events", "gauge",
		    "Events in the outbox, not known to be on the topic, at most.", count);
	metrics_family(out, "relay_outbox_oldest_seconds", "gauge",
		       "How long the oldest of them has waited.");
	metrics_seconds(out, "relay_outbox_oldest_seconds", "", age_ms > 0 ? age_ms : 0);
}
