/*
 * One round: keep the lease, settle the last batch and fetch the next one in one transaction and
 * round trip, publish it, wait for its reports.
 */
#include "common/outbox/relay.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/kafka/kafka_producer.h"
#include "common/outbox/relay_state.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define BUSY_ROWS   20 /* a batch of so many rows: the outbox is busy ... */
#define LINGER_MS   25 /* ... and the next batch is fetched no earlier than this after it */
#define APPLICATION "relay"

/* --- steps --------------------------------------------------------------------------------- */

/* Kafka takes all of what is there, as far as is known. */
static bool all_goes_on(struct relay *r)
{
	return !relay_topics_failing(relay_state_topics(r)) && !r->patience.since_mono_ms;
}

/* The verdicts are in the database: counts them and forgets the batch. */
static void batch_done(struct relay *r)
{
	const struct relay_ledger *ledger = relay_state_ledger(r);

	if (ledger->count == 0)
		return;
	if (ledger->acked + ledger->refused > 0 && all_goes_on(r))
		progress_made(&r->progress);
	relay_counts_batch(&r->counts, ledger);
	log_debug("relay", "batch published", "n=%zu refused=%zu retry=%zu", ledger->acked,
		  ledger->refused, ledger->retry);
	if (ledger->refused)
		log_error("relay", "events refused permanently, see outbox_dead", "n=%zu",
			  ledger->refused);
	relay_publisher_forget(r->publisher);
}

/*
 * Notified is who may publish: a standby only waits for the lease. Writers notify only a relay that
 * sleeps, so one is woken once, and not at all while events flow.
 */
static enum status prepare_sleep(struct relay *r, struct error *err)
{
	if (!r->lease.held)
		r->drowsy = false;
	if (relay_store_listen(&r->outbox, r->lease.held, err) != ST_OK)
		return err->status;
	return r->drowsy ? relay_store_lock_sleep(&r->outbox, err) : ST_OK;
}

/* Writes the last batch's verdicts and reads the next batch. On failure neither happened. */
static enum status settle_and_fetch(struct relay *r, PGresult **rows, bool *all, struct error *err)
{
	return relay_store_settle_and_fetch(&r->outbox, relay_state_ledger(r),
					    relay_state_topics(r), clock_mono_ms(), r->lease.holder,
					    !r->drowsy, rows, all, err);
}

/* Waits for a notification, the stop, or timeout_ms. True: one came. */
static bool wait_for_work(struct relay *r, int64_t timeout_ms)
{
	/* One that came along with an answer is in libpq already: the socket would stay silent. */
	return pg_take_notifications(r->outbox.pg) ||
	       (wakeup_wait(&r->wakeup, pg_socket(r->outbox.pg), timeout_ms) &&
		pg_take_notifications(r->outbox.pg));
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

/* --- the round ----------------------------------------------------------------------------- */

/* What a round found: the next rows. */
struct fetched {
	PGresult *rows; /* owned */
	int64_t at_mono_ms;
	bool all; /* no topic was held back */
};

/* Keeps the lease, writes the last verdicts and reads the next rows. On an error the verdicts stay
 * in the ledger, for a later round. */
static enum status fetch(struct relay *r, struct fetched *f, struct error *err)
{
	if (relay_state_keep_lease(r, err) != ST_OK || prepare_sleep(r, err) != ST_OK ||
	    settle_and_fetch(r, &f->rows, &f->all, err) != ST_OK) {
		atomic_store(&r->counts.active, false);
		atomic_fetch_add(&r->counts.database_errors, 1);
		return err->status;
	}
	atomic_fetch_add(&r->counts.fetches, 1);
	atomic_store(&r->counts.active, r->lease.held);
	f->at_mono_ms = clock_mono_ms();
	r->busy = PQntuples(f->rows) >= BUSY_ROWS;
	batch_done(r);
	return ST_OK;
}

static void pause_after_error(struct relay *r, const struct error *err)
{
	if (log_due(&r->next_log_mono_ms, 5000))
		log_warn("relay", "cannot read the outbox", "error=%s", LOG_QUOTE(err->msg));
	progress_held(&r->progress, err->msg);
	(void)wait_for_work(r, backoff_next_ms(&r->backoff, (uint32_t)clock_mono_us()));
}

/* Nothing to publish, as far as it is this relay's to do. */
static void rest(struct relay *r, const struct fetched *f)
{
	if (!r->lease.held || f->all) {
		relay_topics_clear(relay_state_topics(r));
		atomic_store(&r->counts.topics_failing, 0);
		relay_patience_rest(&r->patience);
	}
	/* Who gave the lease up is a standby once another has it. */
	if (all_goes_on(r) && (r->lease.held || clock_mono_ms() >= r->lease.aside_until_mono_ms))
		progress_made(&r->progress);
}

/*
 * Nothing is there: the next round reads once more, with the lock of who sleeps. Without it some
 * writer has not committed yet, and will not notify: it is read again soon.
 */
static void sleep_on(struct relay *r, const struct fetched *f)
{
	int64_t timeout = relay_topics_wait_ms(relay_state_topics(r), clock_mono_ms(),
					       RELAY_LEASE_RENEW_MS / 2);

	if (!r->lease.held) {
		(void)wait_for_work(r, timeout);
	} else if (!r->drowsy) {
		r->drowsy = true;
	} else if (r->outbox.sleep.had) {
		r->drowsy = !wait_for_work(r, timeout);
		r->waited = r->drowsy && f->all;
	} else {
		(void)wakeup_wait(&r->wakeup, -1,
				  backoff_next_ms(&r->outbox.sleep.backoff,
						  (uint32_t)clock_mono_us()));
	}
}

static void idle(struct relay *r, const struct fetched *f)
{
	backoff_reset(&r->backoff);
	if (!relay_publisher_poll(r->publisher, 0))
		relay_publisher_abandon(r->publisher);
	rest(r, f);
	sleep_on(r, f);
}

/* Events that came while it slept, and that only the clock made it find: nothing notified it. */
static void count_unnotified(struct relay *r, const struct fetched *f)
{
	if (r->waited && f->all && PQntuples(f->rows) > 0 && !pg_take_notifications(r->outbox.pg))
		atomic_fetch_add(&r->counts.unnotified, 1);
	r->waited = false;
}

void relay_round(struct relay *r)
{
	struct fetched f = { 0 };
	struct error err;

	if (!relay_publisher_hold_failing(r->publisher))
		relay_patience_begin(&r->patience, clock_mono_ms());
	if (fetch(r, &f, &err) != ST_OK) {
		pause_after_error(r, &err);
		return;
	}
	relay_state_refresh_backlog(r);
	count_unnotified(r, &f);
	if (r->lease.held && !relay_publisher_is_ready(r->publisher, r->lease.term)) {
		/* The rows were read too early: some may be published. */
		relay_recover(r);
	} else if (PQntuples(f.rows) > 0) {
		r->drowsy = false;
		backoff_reset(&r->backoff);
		relay_publish_batch(r, f.rows);
		linger(r, PQntuples(f.rows), f.at_mono_ms);
	} else {
		idle(r, &f);
	}
	/* Also while its topics are held back, since Kafka cannot be asked for their leaders. */
	relay_publish_give_up_if_due(r);
	PQclear(f.rows);
}

void relay_settle(struct relay *r)
{
	PGresult *rows = NULL;
	struct error err;
	bool all;

	if (relay_state_ledger(r)->count > 0 && settle_and_fetch(r, &rows, &all, &err) == ST_OK)
		batch_done(r);
	PQclear(rows);
}

/* --- open and close ------------------------------------------------------------------------ */

/* Two relays of one outbox have the same transactional id, and no others do. */
static void set_kafka(struct relay *r, const struct relay_config *config)
{
	r->kafka = config->kafka;
	r->state_topic = config->state_topic;
	if (!r->state_topic) {
		r->kafka.transactional_id = NULL;
	} else if (!r->kafka.transactional_id || !*r->kafka.transactional_id) {
		(void)snprintf(r->transactional_id, sizeof(r->transactional_id), "outbox.%s.%s",
			       config->schema, config->kafka.topic);
		r->kafka.transactional_id = r->transactional_id;
	}
}

enum status relay_open(struct relay **out, const struct relay_config *config, struct error *err)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (!r)
		return error_set(err, ST_INTERNAL, "out of memory");
	r->backoff = (struct backoff){ .base_ms = 50, .cap_ms = 1000 };
	relay_counts_init(&r->counts);
	relay_lease_init(&r->lease, config->instance, APPLICATION);
	progress_init(&r->progress, "relay", PROGRESS_BOUND_MS);
	if (wakeup_init(&r->wakeup, err) != ST_OK)
		goto fail_wakeup;
	if (relay_store_open(&r->outbox, config->database_url, config->schema, APPLICATION, err) !=
	    ST_OK)
		goto fail_outbox;
	set_kafka(r, config);
	if (relay_publisher_open(&r->publisher, &r->kafka, r->state_topic, config->keyed,
				 config->otlp, err) != ST_OK)
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
	relay_counts_metrics(&r->counts, out);
	relay_backlog_metrics(&r->backlog, out);
}
