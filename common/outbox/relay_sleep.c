#include "common/outbox/relay_sleep.h"

#define TRY_MIN_MS 2
#define TRY_MAX_MS 25

const struct pg_statement relay_sleep_statements[] = {
	{ "relay_lock", "select pg_try_advisory_lock('outbox'::regclass::oid::int4, 1)::int4" },
	/* Nothing else of the session is locked so. */
	{ "relay_unlock", "select pg_advisory_unlock_all()" },
	{ 0 },
};

void relay_sleep_init(struct relay_sleep *s)
{
	*s = (struct relay_sleep){ .backoff = { .base_ms = TRY_MIN_MS, .cap_ms = TRY_MAX_MS } };
}

/* The lock is the session's: it outlives a transaction, also one whose outcome is unknown. */
enum status relay_sleep_lock(struct relay_sleep *s, struct pg *pg, struct error *err)
{
	struct pg_call call = { "relay_lock", NULL, NULL };

	if (s->had && s->locked == pg_backend_pid(pg))
		return ST_OK;
	s->had = false;
	s->locked = pg_backend_pid(pg);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	s->had = pg_i64(call.result, 0, 0) != 0;
	pg_clear(&call, 1);
	if (s->had)
		backoff_reset(&s->backoff);
	else
		s->locked = 0;
	return ST_OK;
}

size_t relay_sleep_end(const struct relay_sleep *s, const struct pg *pg, struct pg_call *call)
{
	if (!s->locked || s->locked != pg_backend_pid(pg))
		return 0;
	*call = (struct pg_call){ "relay_unlock", NULL, NULL };
	return 1;
}

void relay_sleep_ended(struct relay_sleep *s)
{
	s->had = false;
	s->locked = 0;
	backoff_reset(&s->backoff);
}
