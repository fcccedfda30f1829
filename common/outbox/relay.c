/*
 * One round: keep the lease, settle the last batch and fetch the next one in one transaction and
 * round trip, publish it, wait for its reports.
 */
#include "common/outbox/relay.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/backoff.h"
#include "common/kafka/kafka_producer.h"
#include "common/outbox/relay_backlog.h"
#include "common/outbox/relay_lease.h"
#include "common/outbox/relay_publisher.h"
#include "common/outbox/relay_store.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/runtime/wakeup.h"

#define DRAIN_MS    500 /* at a stop, for what is in flight */
#define BUSY_ROWS   20  /* a batch of so many rows: the outbox is busy ... */
#define LINGER_MS   25  /* ... and the next batch is fetched no earlier than this after it */
#define APPLICATION "relay"

struct relay {
	struct relay_store outbox;
	bool busy; /* the last batch was one of BUSY_ROWS */
	struct relay_lease lease;
	struct relay_publisher *publisher;
	struct backoff backoff;
	int64_t next_log_mono_ms;
	struct wakeup wakeup; /* set by relay_stop */
	_Atomic bool stopping;
	pthread_t thread;
	bool started; /* thread runs */
	struct relay_backlog backlog;
	_Atomic int64_t fetches, published, refused, retried, database_errors;
	struct histogram batch_size, publish_us;
	_Atomic bool active;
	struct progress progress;
};

/* The verdicts are in the database: counts them and forgets the batch. */
static void batch_done(struct relay *r)
{
	const struct relay_ledger *ledger = relay_publisher_ledger(r->publisher);

	if (ledger->count == 0)
		return;
	if (ledger->acked + ledger->refused > 0)
		progress_made(&r->progress);
	atomic_fetch_add(&r->published, (int64_t)ledger->acked);
	atomic_fetch_add(&r->refused, (int64_t)ledger->refused);
	atomic_fetch_add(&r->retried, (int64_t)ledger->retry);
	histogram_observe(&r->batch_size, (int64_t)ledger->count);
	log_debug("relay", "batch published", "n=%zu refused=%zu retry=%zu", ledger->acked,
		  ledger->refused, ledger->retry);
	if (ledger->refused)
		log_error("relay", "events refused permanently, see outbox_dead", "n=%zu",
			  ledger->refused);
	relay_publisher_forget(r->publisher);
}

/*
 * Notified is who may publish and has nothing else to wake it. A notification costs a wake-up of
 * its session at each commit of the writers: while the outbox is busy the clock says when to fetch,
 * and a standby only waits for the lock.
 */
static enum status listen_if_needed(struct relay *r, struct error *err)
{
	return relay_store_listen(&r->outbox, r->lease.held && !r->busy, err);
}

/* Writes the last batch's verdicts and reads the next batch. On failure neither happened. */
static enum status settle_and_fetch(struct relay *r, PGresult **rows, struct error *err)
{
	return relay_store_settle_and_fetch(&r->outbox, relay_publisher_ledger(r->publisher),
					    r->lease.holder, rows, err);
}

/* Waits for a notification, the stop, or timeout_ms. */
static void wait_for_work(struct relay *r, int64_t timeout_ms)
{
	/* One that came along with an answer is in libpq already: the socket would stay silent. */
	if (pg_take_notifications(r->outbox.pg))
		return;
	if (wakeup_wait(&r->wakeup, pg_socket(r->outbox.pg), timeout_ms))
		(void)pg_take_notifications(r->outbox.pg);
}

/*
 * While the outbox is busy, lets the next batch fill: few large batches cost the database, Kafka
 * and us far less than many small ones. Events that come one by one are published at once, and so
 * are those of which more is waiting than fits a batch.
 */
static void linger(struct relay *r, int rows, int64_t fetched_mono_ms)
{
	int64_t left = fetched_mono_ms + LINGER_MS - clock_mono_ms();

	if (r->busy && rows < RELAY_BATCH_MAX && left > 0)
		(void)wakeup_wait(&r->wakeup, -1, left);
}

static void pause_after(struct relay *r, const char *what, const char *why)
{
	if (log_due(&r->next_log_mono_ms, 5000))
		log_warn("relay", what, "error=%s", LOG_QUOTE(why));
	progress_held(&r->progress, why);
	wait_for_work(r, backoff_next_ms(&r->backoff, (uint32_t)clock_mono_us()));
}

/* Its errors are counted only: the fetch logs. */
static void refresh_backlog(struct relay *r)
{
	struct error err;

	if (relay_backlog_refresh(&r->backlog, r->outbox.pg, &err) != ST_OK)
		atomic_fetch_add(&r->database_errors, 1);
}

/*
 * Waits until every row has its verdict, and keeps the lease: Kafka may be away for long. The wait
 * ends early, and the producer is abandoned, if it lost its state, if the lease was lost (what is
 * still queued is the new holder's to publish), and if a stop lasts.
 */
static void await_reports(struct relay *r)
{
	const struct relay_ledger *ledger = relay_publisher_ledger(r->publisher);
	int64_t drain_end = INT64_MAX;
	struct error err;

	while (!relay_ledger_settled(ledger)) {
		if (!relay_publisher_poll(r->publisher, 100))
			break;
		if (atomic_load(&r->stopping)) {
			if (drain_end == INT64_MAX)
				drain_end = clock_mono_ms() + DRAIN_MS;
			if (clock_mono_ms() >= drain_end)
				break;
		} else if (relay_lease_keep(&r->lease, r->outbox.pg, &err) == ST_OK &&
			   !r->lease.held) {
			break;
		}
		refresh_backlog(r);
	}
	/* A producer may be lost along with the last report, or at the first message already. */
	if (!relay_publisher_poll(r->publisher, 0) || !relay_ledger_settled(ledger))
		relay_publisher_abandon(r->publisher);
}

static void publish(struct relay *r, const PGresult *rows)
{
	int64_t started = clock_mono_us();

	relay_publisher_publish(r->publisher, rows);
	await_reports(r);
	histogram_observe(&r->publish_us, clock_mono_us() - started);
}

/* What a round found: the verdicts on the last batch, now written, and the next one. */
struct fetched {
	PGresult *rows; /* owned */
	int64_t at_mono_ms;
	bool was_busy; /* before this batch */
	bool retry;    /* some row of the last batch ... */
	int reason;    /* ... and why */
};

/* Keeps the lease, writes the last verdicts and reads the next rows. On an error the verdicts stay
 * in the ledger, for a later round. */
static enum status fetch(struct relay *r, struct fetched *f, struct error *err)
{
	const struct relay_ledger *ledger = relay_publisher_ledger(r->publisher);

	if (relay_lease_keep(&r->lease, r->outbox.pg, err) != ST_OK ||
	    listen_if_needed(r, err) != ST_OK || settle_and_fetch(r, &f->rows, err) != ST_OK) {
		atomic_store(&r->active, false);
		atomic_fetch_add(&r->database_errors, 1);
		return err->status;
	}
	atomic_fetch_add(&r->fetches, 1);
	atomic_store(&r->active, r->lease.held);
	f->at_mono_ms = clock_mono_ms();
	f->was_busy = r->busy;
	r->busy = PQntuples(f->rows) >= BUSY_ROWS;
	f->retry = ledger->retry > 0;
	f->reason = ledger->retry_reason;
	batch_done(r);
	return ST_OK;
}

static void idle(struct relay *r, const struct fetched *f)
{
	backoff_reset(&r->backoff);
	progress_made(&r->progress);
	if (!relay_publisher_poll(r->publisher, 0))
		relay_publisher_abandon(r->publisher);
	/* While the outbox was busy nobody listened: the next round does, and fetches once more. */
	if (!f->was_busy)
		wait_for_work(r, RELAY_LEASE_RENEW_MS / 2);
}

void relay_round(struct relay *r)
{
	struct fetched f = { 0 };
	struct error err;

	if (fetch(r, &f, &err) != ST_OK) {
		pause_after(r, "cannot read the outbox", err.msg);
		return;
	}
	refresh_backlog(r);
	if (f.retry) {
		pause_after(r, "publish failed, will retry", kafka_producer_reason(f.reason));
	} else if (PQntuples(f.rows) > 0) {
		backoff_reset(&r->backoff);
		publish(r, f.rows);
		linger(r, PQntuples(f.rows), f.at_mono_ms);
	} else {
		idle(r, &f);
	}
	PQclear(f.rows);
}

void relay_settle(struct relay *r)
{
	PGresult *rows = NULL;
	struct error err;

	if (relay_publisher_ledger(r->publisher)->count > 0 &&
	    settle_and_fetch(r, &rows, &err) == ST_OK)
		batch_done(r);
	PQclear(rows);
}

/* --- open and close ------------------------------------------------------------------------ */

enum status relay_open(struct relay **out, const struct relay_config *config, struct error *err)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (!r)
		return error_set(err, ST_INTERNAL, "out of memory");
	r->backoff = (struct backoff){ .base_ms = 50, .cap_ms = 1000 };
	r->batch_size.first = 1;
	r->publish_us.first = 128;
	relay_lease_init(&r->lease, config->instance, APPLICATION);
	progress_init(&r->progress, "relay", PROGRESS_BOUND_MS);
	if (wakeup_init(&r->wakeup, err) != ST_OK)
		goto fail_wakeup;
	if (relay_store_open(&r->outbox, config->database_url, config->schema, APPLICATION, err) !=
	    ST_OK)
		goto fail_outbox;
	if (relay_publisher_open(&r->publisher, &config->kafka, config->keyed, err) != ST_OK)
		goto fail_publisher;
	*out = r;
	return ST_OK;

fail_publisher:
	relay_store_close(&r->outbox);
fail_outbox:
	wakeup_fini(&r->wakeup);
fail_wakeup:
	progress_fini(&r->progress);
	free(r);
	return err->status;
}

static void *relay_main(void *arg)
{
	struct relay *r = arg;

	while (!atomic_load(&r->stopping))
		relay_round(r);
	relay_settle(r);
	return NULL;
}

enum status relay_start(struct relay *r, struct error *err)
{
	r->started = pthread_create(&r->thread, NULL, relay_main, r) == 0;
	return r->started ? ST_OK : error_set(err, ST_INTERNAL, "cannot start the relay's thread");
}

void relay_stop(struct relay *r)
{
	atomic_store(&r->stopping, true);
	wakeup_set(&r->wakeup);
}

void relay_close(struct relay *r)
{
	if (!r)
		return;
	relay_stop(r);
	if (r->started)
		(void)pthread_join(r->thread, NULL);
	relay_publisher_close(r->publisher);
	relay_store_close(&r->outbox);
	wakeup_fini(&r->wakeup);
	progress_fini(&r->progress);
	free(r);
}

/* --- for other threads --------------------------------------------------------------------- */

bool relay_broker_reachable(struct relay *r)
{
	return relay_publisher_reachable(r->publisher);
}

struct progress *relay_progress(struct relay *r)
{
	return r ? &r->progress : NULL;
}

void relay_metrics(struct relay *r, struct metrics_out *out)
{
	metrics_one(out, "relay_active", "gauge", "1 if this process publishes the outbox.",
		    atomic_load(&r->active));
	metrics_one(out, "relay_fetches_total", "counter", "Reads of the outbox, empty ones too.",
		    atomic_load(&r->fetches));
	metrics_one(out, "relay_published_total", "counter", "Events acknowledged by Kafka.",
		    atomic_load(&r->published));
	metrics_one(out, "relay_refused_total", "counter",
		    "Events that Kafka refused permanently (outbox_dead).",
		    atomic_load(&r->refused));
	metrics_one(out, "relay_retried_total", "counter", "Events to be published again.",
		    atomic_load(&r->retried));
	metrics_one(out, "relay_database_errors_total", "counter",
		    "Calls of the database that failed.", atomic_load(&r->database_errors));
	relay_backlog_metrics(&r->backlog, out);
	histogram_write(out, &r->batch_size, "relay_batch_events", "Events per batch published.",
			1);
	histogram_write(out, &r->publish_us, "relay_publish_duration_seconds",
			"Time from sending a batch to its last acknowledgement.", 1e6);
}
