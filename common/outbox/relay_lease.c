#include "common/outbox/relay_lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"

const struct pg_statement relay_lease_statements[] = {
	/* Two keys: those with one are order ids (batch_load.h). */
	{ "lease_lock", "select pg_try_advisory_lock(hashtext('outbox'), "
			"  hashtext(current_schema()))::int4" },
	{ "lease_take", "insert into outbox_lease (holder, backend_pid, heartbeat_at) "
			"values ($1, pg_backend_pid(), now()) "
			"on conflict (one) do update "
			"set holder = excluded.holder, backend_pid = excluded.backend_pid, "
			"  heartbeat_at = excluded.heartbeat_at" },
	{ "lease_renew", "update outbox_lease "
			 "set heartbeat_at = now() "
			 "where holder = $1" },
	/* Five seconds: several renewals, and under the bound of whatever hangs. */
	{ "lease_evict", "select pg_terminate_backend(a.pid)::int4 "
			 "from outbox_lease l "
			 "join pg_stat_activity a on a.pid = l.backend_pid "
			 "where a.usename = current_user and a.application_name = $1 "
			 "  and l.heartbeat_at < now() - interval '5 seconds'" },
	{ 0 },
};

void relay_lease_init(struct relay_lease *lease, const char *instance, const char *application)
{
	*lease = (struct relay_lease){ .application = application };
	(void)snprintf(lease->holder, sizeof(lease->holder), "%.50s/%d/%" PRId64, instance,
		       (int)getpid(), clock_wall_ms());
}

/* Runs one statement with the given text as its only parameter; *value: first integer or count. */
static enum status run_one(struct pg *pg, const char *statement, const char *text, int64_t *value,
			   struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { statement, text ? &params : NULL, NULL };

	if (text)
		pg_param_text(&params, text);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	if (PQnfields(call.result) > 0)
		*value = PQntuples(call.result) > 0 ? pg_i64(call.result, 0, 0) : 0;
	else
		*value = pg_affected(call.result);
	pg_clear(&call, 1);
	return ST_OK;
}

static enum status take(struct relay_lease *lease, struct pg *pg, struct error *err)
{
	int64_t locked = 0, ended = 0, taken = 0;

	if (run_one(pg, "lease_lock", NULL, &locked, err) != ST_OK)
		return err->status;
	if (!locked) {
		if (run_one(pg, "lease_evict", lease->application, &ended, err) != ST_OK)
			return err->status;
		if (ended)
			log_warn("relay", "ended the session of a relay whose lease ran out", "");
		return ST_OK;
	}
	if (run_one(pg, "lease_take", lease->holder, &taken, err) != ST_OK)
		return err->status;
	lease->held = true;
	lease->session = pg_backend_pid(pg);
	log_info("relay", "active", "holder=%s", lease->holder);
	return ST_OK;
}

static enum status renew(struct relay_lease *lease, struct pg *pg, struct error *err)
{
	int64_t rows = 0;

	if (run_one(pg, "lease_renew", lease->holder, &rows, err) != ST_OK)
		return err->status;
	lease->held = rows == 1;
	if (!lease->held) {
		lease->session = 0;
		log_warn("relay", "another relay took over", "holder=%s", lease->holder);
	}
	return ST_OK;
}

enum status relay_lease_keep(struct relay_lease *lease, struct pg *pg, struct error *err)
{
	bool same_session;
	enum status st;

	if (pg_connect(pg, err) != ST_OK) {
		lease->held = false;
		return err->status;
	}
	same_session = lease->session == pg_backend_pid(pg);
	if (same_session && clock_mono_ms() < lease->next_renewal_mono_ms)
		return ST_OK;
	if (!same_session)
		lease->held = false;
	st = lease->held ? renew(lease, pg, err) : take(lease, pg, err);
	lease->next_renewal_mono_ms = clock_mono_ms() + RELAY_LEASE_RENEW_MS;
	if (st != ST_OK)
		lease->held = false;
	return st;
}
