#include "common/outbox/relay_state.h"

const struct relay_ledger *relay_state_ledger(const struct relay *r)
{
	return relay_publisher_ledger(r->publisher);
}

struct relay_topics *relay_state_topics(struct relay *r)
{
	return relay_publisher_topics(r->publisher);
}

enum status relay_state_keep_lease(struct relay *r, struct error *err)
{
	struct relay_bound *bound = &r->outbox.bound;

	progress_turned(&r->progress); /* each round, and each wait within one, comes by here */
	r->lease.low_id = bound->low;
	if (relay_lease_keep(&r->lease, r->outbox.pg, err) != ST_OK)
		return err->status;
	if (r->lease.held && (r->lease.term != r->term || r->lease.low_id != bound->low)) {
		relay_bound_begin(bound, r->lease.low_id);
		r->term = r->lease.term;
	}
	return ST_OK;
}

void relay_state_refresh_backlog(struct relay *r)
{
	int64_t low = r->lease.held ? r->outbox.bound.low : 0;
	struct error err;

	if (relay_backlog_refresh(&r->backlog, r->outbox.pg, low, &err) != ST_OK)
		atomic_fetch_add(&r->counts.database_errors, 1);
}
