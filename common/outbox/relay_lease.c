#include "common/outbox/relay_lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"

/* Five seconds: several renewals, and under the bound of whatever hangs. A time in the future is of
 * a clock that was set back, and would last as long. */
#define RUN_OUT                                                                                    \
	"heartbeat_at not between now() - interval '5 seconds' and now() + interval '5 seconds'"

/* $2 as the bound, unless the row has a higher one; one above the ids that were drawn is of a
 * sequence that was set back. */
#define LOW_ID                                                                                     \
	"case when greatest(l.low_id, $2) <= (select last_value + 1 from outbox_id_seq) "          \
	"  then greatest(l.low_id, $2) else 0 end"

const struct pg_statement relay_lease_statements[] = {
	{ "lease_make", "insert into outbox_lease (holder, backend_pid, heartbeat_at) "
			"select '', 0, '-infinity' "
			"where not exists (select from outbox_lease) "
			"on conflict do nothing" },
	{ "lease_evict",
	  "select pg_terminate_backend(a.pid)::int4 "
	  "from outbox_lease l "
	  "join pg_stat_activity a on a.pid = l.backend_pid "
	  "where a.usename = current_user and right(a.application_name, length($1)) = $1 "
	  "  and a.pid <> pg_backend_pid() and l." RUN_OUT },
	/* A session's name ends with ours. It is hidden from other roles, and then counts as such.
	 */
	{ "lease_take", "update outbox_lease l "
			"set holder = $1, backend_pid = pg_backend_pid(), heartbeat_at = now(), "
			"  low_id = " LOW_ID " "
			"where holder = $1 or " RUN_OUT " or not exists ("
			"  select from pg_stat_activity a "
			"  where a.pid = l.backend_pid "
			"    and right(coalesce(a.application_name, $3), length($3)) = $3) "
			"returning low_id" },
	{ "lease_renew", "update outbox_lease l "
			 "set heartbeat_at = now(), low_id = " LOW_ID " "
			 "where holder = $1 "
			 "returning low_id" },
	{ "lease_release", "update outbox_lease "
			   "set holder = '', backend_pid = 0, heartbeat_at = '-infinity' "
			   "where holder = $1" },
	{ "lease_rivals",
	  "select count(*) "
	  "from pg_stat_activity "
	  "where datname = current_database() and usename = current_user "
	  "  and right(application_name, length($1)) = $1 and pid <> pg_backend_pid()" },
	{ 0 },
};

void relay_lease_init(struct relay_lease *lease, const char *instance, const char *application)
{
	*lease = (struct relay_lease){ .application = application };
	(void)snprintf(lease->holder, sizeof(lease->holder), "%.50s/%d/%" PRId64, instance,
		       (int)getpid(), clock_wall_ms());
}

/* The row came back: it is ours. */
static bool read_row(struct relay_lease *lease, const PGresult *result)
{
	lease->held = PQntuples(result) == 1;
	if (lease->held)
		lease->low_id = pg_i64(result, 0, 0);
	return lease->held;
}

static enum status take(struct relay_lease *lease, struct pg *pg, struct error *err)
{
	struct pg_params evict = { 0 }, take = { 0 };
	struct pg_call calls[] = {
		{ "lease_make", NULL, NULL },
		{ "lease_evict", &evict, NULL },
		{ "lease_take", &take, NULL },
	};

	pg_param_text(&evict, lease->application);
	pg_param_text(&take, lease->holder);
	pg_param_i64(&take, 0);
	pg_param_text(&take, lease->application);
	if (pg_run(pg, calls, 3, err) != ST_OK)
		return err->status;
	if (PQntuples(calls[1].result) > 0)
		log_warn("relay", "ended the session of a relay whose lease ran out", "");
	if (read_row(lease, calls[2].result)) {
		lease->term++;
		log_info("relay", "active", "holder=%s", LOG_QUOTE(lease->holder));
	}
	lease->session = pg_backend_pid(pg);
	pg_clear(calls, 3);
	return ST_OK;
}

static enum status renew(struct relay_lease *lease, struct pg *pg, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "lease_renew", &params, NULL };

	pg_param_text(&params, lease->holder);
	pg_param_i64(&params, lease->low_id);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	if (!read_row(lease, call.result))
		log_warn("relay", "another relay took over", "holder=%s", LOG_QUOTE(lease->holder));
	pg_clear(&call, 1);
	return ST_OK;
}

enum status relay_lease_keep(struct relay_lease *lease, struct pg *pg, struct error *err)
{
	int64_t now;
	enum status st;

	if (pg_connect(pg, err) != ST_OK) {
		lease->held = false;
		return err->status;
	}
	now = clock_mono_ms();
	if (lease->session != pg_backend_pid(pg))
		lease->held = false;
	if (now < (lease->held ? lease->next_renewal_mono_ms : lease->aside_until_mono_ms))
		return ST_OK;
	st = lease->held ? renew(lease, pg, err) : take(lease, pg, err);
	lease->next_renewal_mono_ms = clock_mono_ms() + RELAY_LEASE_RENEW_MS;
	if (st != ST_OK)
		lease->held = false;
	return st;
}

enum status relay_lease_has_rival(const struct relay_lease *lease, struct pg *pg, bool *has,
				  struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "lease_rivals", &params, NULL };

	pg_param_text(&params, lease->application);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	*has = pg_i64(call.result, 0, 0) > 0;
	pg_clear(&call, 1);
	return ST_OK;
}

enum status relay_lease_release(struct relay_lease *lease, struct pg *pg, int64_t aside_ms,
				struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "lease_release", &params, NULL };

	lease->held = false;
	lease->aside_until_mono_ms = clock_mono_ms() + aside_ms;
	pg_param_text(&params, lease->holder);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	pg_clear(&call, 1);
	return ST_OK;
}
