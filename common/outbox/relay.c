/*
 * One round: keep the lease, settle the last batch and fetch the next one in one transaction and
 * round trip, publish it, wait for its reports.
 */
#include "common/outbox/relay.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/backoff.h"
#include "common/outbox/relay_backlog.h"
#include "common/outbox/relay_lease.h"
#include "common/outbox/relay_publisher.h"
#include "common/outbox/relay_store.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define DRAIN_MS    500 /* at a stop, for what Kafka has in hand */
#define FLOW_ROWS   20  /* so many at a time are a flow: the next ones ... */
#define FLOW_MS     25  /* ... are fetched no earlier than this after them */
#define APPLICATION "relay"

struct relay {
	struct relay_config config;
	struct relay_store outbox;
	bool flow; /* the last batch was part of a flow of events */
	struct relay_lease lease;
	struct relay_publisher *publisher;
	struct backoff backoff;
	int64_t next_log_mono_ms;
	pthread_t thread;
	_Atomic bool stopping;
	int wake_fd;
	struct relay_backlog backlog;
	_Atomic int64_t fetches, published, refused, retried, database_errors;
	struct histogram batch_size, publish_us;
	_Atomic bool active;
};

/* The verdicts are in the database: counts them and forgets the batch. */
static void batch_done(struct relay *r)
{
	const struct relay_ledger *ledger = relay_publisher_ledger(r->publisher);

	if (ledger->count == 0)
		return;
	atomic_fetch_add(&r->published, (int64_t)ledger->acked);
	atomic_fetch_add(&r->refused, (int64_t)ledger->refused);
	atomic_fetch_add(&r->retried, (int64_t)ledger->retry);
	histogram_observe(&r->batch_size, (int64_t)ledger->count);
	log_debug("relay", "batch published", "n=%zu refused=%zu retry=%zu", ledger->acked,
		  ledger->refused, ledger->retry);
	if (ledger->refused)
		log_error("relay", "Kafka refuses events for good, see outbox_dead", "n=%zu",
			  ledger->refused);
	relay_publisher_forget(r->publisher);
}

/*
 * Notified is who may publish and has nothing else to wake it. A notification costs a wake-up of
 * its session at each commit of the writers: in a flow the clock says when to look, and a standby
 * only waits for the lock.
 */
static enum status listen_if_needed(struct relay *r, struct error *err)
{
	return relay_store_listen(&r->outbox, r->lease.held && !r->flow, err);
}

/* Writes the last batch's verdicts and reads the next batch. On failure neither happened. */
static enum status settle_and_fetch(struct relay *r, PGresult **rows, struct error *err)
{
	return relay_store_settle_and_fetch(&r->outbox, relay_publisher_ledger(r->publisher),
					    r->lease.holder, rows, err);
}

/* Sleeps until a notification, the stop, or timeout_ms. */
static void wait_for_work(struct relay *r, int64_t timeout_ms)
{
	struct pollfd fds[2] = { { .fd = r->wake_fd, .events = POLLIN }, { .events = POLLIN } };

	/* One that came along with an answer is in libpq already: the socket would stay silent. */
	if (pg_take_notifications(r->outbox.pg))
		return;
	fds[1].fd = pg_socket(r->outbox.pg);
	if (poll(fds, fds[1].fd >= 0 ? 2 : 1, (int)timeout_ms) > 0 && fds[1].revents)
		(void)pg_take_notifications(r->outbox.pg);
}

/*
 * In a flow of events, lets the next batch gather: few large batches cost the database, Kafka and
 * us far less than many small ones. Events that come one by one are published at once, and so are
 * those of which more is waiting than fits a batch.
 */
static void linger(struct relay *r, int rows, int64_t fetched_mono_ms)
{
	struct pollfd stop = { .fd = r->wake_fd, .events = POLLIN };
	int64_t left = fetched_mono_ms + FLOW_MS - clock_mono_ms();

	if (r->flow && rows < RELAY_BATCH_MAX && left > 0)
		(void)poll(&stop, 1, (int)left);
}

static void pause_after(struct relay *r, const char *what, const char *why)
{
	if (log_due(&r->next_log_mono_ms, 5000))
		log_warn("relay", what, "error=%s", LOG_QUOTE(why));
	wait_for_work(r, backoff_next_ms(&r->backoff, (uint32_t)clock_mono_us()));
}

/* Its errors are counted only: the fetch complains. */
static void look_at_backlog(struct relay *r)
{
	struct error err;

	if (relay_backlog_look(&r->backlog, r->outbox.pg, &err) != ST_OK)
		atomic_fetch_add(&r->database_errors, 1);
}

/*
 * Waits until every row has its verdict, keeping the lease meanwhile: Kafka may be away for long.
 * Given up are a producer that lost its state, a lease that was lost (what is still queued is the
 * new holder's to publish), and a stop that lasts.
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
		look_at_backlog(r);
	}
	if (!relay_ledger_settled(ledger))
		relay_publisher_abandon(r->publisher);
}

static void publish(struct relay *r, const PGresult *rows)
{
	int64_t started = clock_mono_us();

	relay_publisher_publish(r->publisher, rows);
	await_reports(r);
	histogram_observe(&r->publish_us, clock_mono_us() - started);
}

static void relay_round(struct relay *r)
{
	int64_t fetched_mono_ms;
	PGresult *rows = NULL;
	struct error err;
	bool retry, flowed = r->flow;
	int reason;

	if (relay_lease_keep(&r->lease, r->outbox.pg, &err) != ST_OK ||
	    listen_if_needed(r, &err) != ST_OK || settle_and_fetch(r, &rows, &err) != ST_OK) {
		/* The verdicts stay in the ledger: a later round writes them. */
		atomic_store(&r->active, false);
		atomic_fetch_add(&r->database_errors, 1);
		pause_after(r, "cannot read the outbox", err.msg);
		return;
	}
	atomic_fetch_add(&r->fetches, 1);
	fetched_mono_ms = clock_mono_ms();
	r->flow = PQntuples(rows) >= FLOW_ROWS;
	atomic_store(&r->active, r->lease.held);
	retry = relay_publisher_ledger(r->publisher)->retry > 0;
	reason = relay_publisher_ledger(r->publisher)->retry_reason;
	batch_done(r);
	look_at_backlog(r);
	if (retry) {
		pause_after(r, "Kafka does not take events",
			    rd_kafka_err2str((rd_kafka_resp_err_t)reason));
	} else if (PQntuples(rows) > 0) {
		backoff_reset(&r->backoff);
		publish(r, rows);
		linger(r, PQntuples(rows), fetched_mono_ms);
	} else {
		backoff_reset(&r->backoff);
		(void)relay_publisher_poll(r->publisher, 0);
		/* At the end of a flow nobody listens yet: the next round does, and looks again. */
		if (!flowed)
			wait_for_work(r, RELAY_LEASE_RENEW_MS / 2);
	}
	PQclear(rows);
}

/* At the end: what was acknowledged must not be published again by whoever comes next. */
static void settle_last(struct relay *r)
{
	PGresult *rows = NULL;
	struct error err;

	if (relay_publisher_ledger(r->publisher)->count > 0 &&
	    settle_and_fetch(r, &rows, &err) == ST_OK)
		batch_done(r);
	PQclear(rows);
}

static void *relay_main(void *arg)
{
	struct relay *r = arg;

	while (!atomic_load(&r->stopping))
		relay_round(r);
	settle_last(r);
	return NULL;
}

enum status relay_open(struct relay **out, const struct relay_config *config, struct error *err)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (!r)
		return error_set(err, ST_INTERNAL, "out of memory");
	r->config = *config;
	r->backoff = (struct backoff){ .base_ms = 50, .cap_ms = 1000 };
	r->batch_size.first = 1;
	r->publish_us.first = 128;
	relay_lease_init(&r->lease, config->instance, APPLICATION);
	r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->wake_fd < 0) {
		(void)error_set(err, ST_INTERNAL, "eventfd failed");
		goto fail_fd;
	}
	if (relay_store_open(&r->outbox, config->database_url, APPLICATION, err) != ST_OK)
		goto fail_outbox;
	if (relay_publisher_open(&r->publisher, &config->kafka, config->keyed, err) != ST_OK)
		goto fail_publisher;
	if (pthread_create(&r->thread, NULL, relay_main, r) != 0) {
		(void)error_set(err, ST_INTERNAL, "cannot start the relay's thread");
		goto fail_thread;
	}
	*out = r;
	return ST_OK;

fail_thread:
	relay_publisher_close(r->publisher);
fail_publisher:
	relay_store_close(&r->outbox);
fail_outbox:
	(void)close(r->wake_fd);
fail_fd:
	free(r);
	return err->status;
}

void relay_close(struct relay *r)
{
	uint64_t one = 1;

	if (!r)
		return;
	atomic_store(&r->stopping, true);
	if (write(r->wake_fd, &one, sizeof(one)) < 0)
		log_warn("relay", "cannot wake the relay", "");
	(void)pthread_join(r->thread, NULL);
	relay_publisher_close(r->publisher);
	relay_store_close(&r->outbox);
	(void)close(r->wake_fd);
	free(r);
}

bool relay_broker_reachable(struct relay *r)
{
	return relay_publisher_reachable(r->publisher);
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
		    "Events that Kafka refused for good (outbox_dead).", atomic_load(&r->refused));
	metrics_one(out, "relay_retried_total", "counter", "Events to be published again.",
		    atomic_load(&r->retried));
	metrics_one(out, "relay_database_errors_total", "counter",
		    "Calls of the database that failed.", atomic_load(&r->database_errors));
	relay_backlog_metrics(&r->backlog, out);
	histogram_write(out, &r->batch_size, "relay_batch_events", "Events per batch published.",
			1);
	histogram_write(out, &r->publish_us, "relay_publish_duration_seconds",
			"Time from handing a batch to Kafka to its last acknowledgement.", 1e6);
}
