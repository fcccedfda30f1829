#include "order-service/key_expiry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/runtime/wakeup.h"

#define STEP_ROWS      500   /* few enough that nobody who wants one of these orders notices */
#define ROUND_PAUSE_MS 30000 /* or half the time that a key lives, if that is less */
#define RETRY_PAUSE_MS 1000

const struct pg_statement key_expiry_statements[] = {
	/* An order that somebody changes is left to a later round. Within a round the search begins
	 * where the last step ended: behind the index entries that the steps have left dead, which
	 * stay for as long as any old transaction does. */
	{ "keys_expire", "with expired as ("
			 "  select id, created_at from orders "
			 "  where idempotency_key is not null and created_at >= $1::timestamptz "
			 "    and created_at < now() - make_interval(secs => $2::int8) "
			 "  order by created_at limit $3::int4 for update skip locked), "
			 "done as ("
			 "  update orders "
			 "  set idempotency_key = null, idempotency_fingerprint = null "
			 "  where id in (select id from expired)) "
			 "select count(*), max(created_at)::text from expired" },
	{ 0 },
};

struct key_expiry {
	struct pg_pool *pool;
	int64_t ttl_s;
	struct wakeup wakeup; /* set when it stops */
	_Atomic bool stopping;
	_Atomic int64_t expired;
	int64_t next_log_mono_ms;
	struct progress progress;
	pthread_t thread;
};

/* *from: where the search begins, and then where the next one does. *count: how many there were. */
static enum status step(struct key_expiry *e, char from[64], int64_t *count, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "keys_expire", &params, NULL };

	pg_param_text(&params, from);
	pg_param_i64(&params, e->ttl_s);
	pg_param_i32(&params, STEP_ROWS);
	if (pg_pool_run(e->pool, &call, 1, err) != ST_OK)
		return err->status;
	*count = pg_i64(call.result, 0, 0);
	if (*count > 0)
		(void)snprintf(from, 64, "%s", pg_text(call.result, 0, 1));
	pg_clear(&call, 1);
	atomic_fetch_add(&e->expired, *count);
	return ST_OK;
}

static void failed(struct key_expiry *e, const struct error *err)
{
	progress_held(&e->progress, err->msg);
	if (log_due(&e->next_log_mono_ms, 60000))
		log_warn("keys", "idempotency keys do not expire", "error=%s", LOG_QUOTE(err->msg));
}

/* All that are expired. Between two steps it rests for as long as a step takes. */
static enum status expire_all(struct key_expiry *e, struct error *err)
{
	char from[64] = "-infinity";
	int64_t count = STEP_ROWS;

	progress_begin(&e->progress);
	while (count == STEP_ROWS && !atomic_load(&e->stopping)) {
		int64_t begin = clock_mono_ms();

		if (step(e, from, &count, err) != ST_OK)
			return err->status;
		progress_made(&e->progress);
		(void)wakeup_wait(&e->wakeup, -1, clock_mono_ms() - begin + 1);
	}
	progress_idle(&e->progress);
	return ST_OK;
}

static void *expiry_main(void *context)
{
	struct key_expiry *e = context;
	int64_t pause_ms = e->ttl_s < 60 ? e->ttl_s * 500 : ROUND_PAUSE_MS;
	struct error err;

	while (!atomic_load(&e->stopping)) {
		bool done = expire_all(e, &err) == ST_OK;

		if (!done)
			failed(e, &err);
		(void)wakeup_wait(&e->wakeup, -1, done ? pause_ms : RETRY_PAUSE_MS);
	}
	return NULL;
}

enum status key_expiry_start(struct key_expiry **out, struct pg_pool *pool, int64_t ttl_s,
			     struct error *err)
{
	struct key_expiry *e = calloc(1, sizeof(*e));

	if (!e)
		return error_set(err, ST_INTERNAL, "out of memory");
	e->pool = pool;
	e->ttl_s = ttl_s;
	if (wakeup_init(&e->wakeup, err) != ST_OK) {
		free(e);
		return err->status;
	}
	progress_init(&e->progress, "key-expiry", PROGRESS_BOUND_MS);
	progress_idle(&e->progress);
	if (pthread_create(&e->thread, NULL, expiry_main, e) != 0) {
		progress_fini(&e->progress);
		wakeup_fini(&e->wakeup);
		free(e);
		return error_set(err, ST_INTERNAL, "cannot start the thread that expires keys");
	}
	*out = e;
	return ST_OK;
}

void key_expiry_close(struct key_expiry *e)
{
	if (!e)
		return;
	atomic_store(&e->stopping, true);
	wakeup_set(&e->wakeup);
	(void)pthread_join(e->thread, NULL);
	progress_fini(&e->progress);
	wakeup_fini(&e->wakeup);
	free(e);
}

struct progress *key_expiry_progress(struct key_expiry *e)
{
	return &e->progress;
}

void key_expiry_metrics(struct key_expiry *e, struct metrics_out *out)
{
	metrics_one(out, "order_idempotency_keys_expired_total", "counter",
		    "Idempotency keys that this replica let expire.", atomic_load(&e->expired));
}
