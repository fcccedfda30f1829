#include "common/relay.h"

#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/pg.h"
#include "common/relay_lease.h"
#include "common/relay_ledger.h"

#define BATCH_MAX_BYTES (4 * 1024 * 1024) /* payload of one batch; one larger row still goes */
#define DRAIN_MS        500               /* at a stop, for what Kafka has in hand */
#define APPLICATION     "relay"

struct relay {
	struct relay_config config;
	struct pg_statement statements[9];
	char listen_sql[80];
	struct pg *pg;
	int listening; /* backend pid of the session that listens */
	struct relay_lease lease;
	struct relay_ledger ledger;
	struct backoff backoff;
	int64_t next_complaint_mono_ms;
	pthread_t thread;
	pthread_mutex_t mu; /* guards rk against relay_broker_reachable while it is renewed */
	rd_kafka_t *rk;     /* changed by the relay's thread under mu */
	_Atomic bool stopping;
	int wake_fd;
	_Atomic int64_t published, refused, retried, batches;
	_Atomic bool active;
};

static void fill_statements(struct relay *r)
{
	const struct pg_statement table[] = {
		RELAY_LEASE_STATEMENTS,
		{ "relay_listen", r->listen_sql },
		/* All unpublished rows in id order, up to a number of rows and of bytes. */
		{ "relay_fetch",
		  "select id, topic, key, type, headers, payload from ("
		  "  select o.*, sum(coalesce(octet_length(payload), 0)) over (order by id)"
		  "    - coalesce(octet_length(payload), 0) as bytes_before from ("
		  "      select * from outbox"
		  "      where exists (select from outbox_lease where holder = $3)"
		  "      order by id limit $1) o) w "
		  "where bytes_before < $2 order by id" },
		{ "relay_delete", "delete from outbox where id = any($1::int8[])" },
		{ "relay_bury",
		  "with gone as (delete from outbox where id = any($1::int8[]) returning *) "
		  "insert into outbox_dead (id, topic, key, type, headers, payload, created_at, "
		  "reason) "
		  "select g.id, topic, key, type, headers, payload, created_at, r.reason "
		  "from gone g join unnest($1::int8[], $2::text[]) as r (id, reason) on r.id = "
		  "g.id" },
	};

	(void)snprintf(r->listen_sql, sizeof(r->listen_sql), "listen %s", r->config.channel);
	memcpy(r->statements, table, sizeof(table));
}

#define STATEMENT_COUNT 8

/* --- Kafka side ---------------------------------------------------------------------------- */

/* Errors of one message that no retry mends. */
static bool refused_for_good(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
	case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
	case RD_KAFKA_RESP_ERR__INVALID_ARG:
		return true;
	default:
		return false;
	}
}

static void report(struct relay *r, struct relay_row *row, rd_kafka_resp_err_t code)
{
	enum relay_verdict verdict = !code                    ? RELAY_ACKED
				     : refused_for_good(code) ? RELAY_REFUSED
							      : RELAY_RETRY;

	relay_ledger_report(&r->ledger, row, verdict, (int)code);
}

/* Runs on the relay's thread, inside rd_kafka_poll. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	(void)rk;
	report(opaque, message->_private, message->err);
}

/* A producer that had a fatal error, or whose messages must not come late, is given up. */
static enum status renew_producer(struct relay *r, struct error *err)
{
	rd_kafka_t *old = r->rk, *fresh = NULL;

	if (kafka_producer_open(&fresh, &r->config.kafka, on_report, r, err) != ST_OK)
		return err->status;
	(void)pthread_mutex_lock(&r->mu);
	r->rk = fresh;
	(void)pthread_mutex_unlock(&r->mu);
	if (old) {
		(void)rd_kafka_purge(old, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		(void)rd_kafka_poll(old, 0);
		rd_kafka_destroy(old);
	}
	return ST_OK;
}

/* What Spring Cloud Stream needs to see the headers as strings comes along (design, contract). */
static void add_standard_headers(rd_kafka_headers_t *headers, const char *type)
{
	static const char types[] =
		"{\"type\":\"java.lang.String\",\"contentType\":\"java.lang.String\"}";

	(void)rd_kafka_header_add(headers, "type", -1, type, -1);
	(void)rd_kafka_header_add(headers, "contentType", -1, "application/json", -1);
	(void)rd_kafka_header_add(headers, "spring_json_header_types", -1, types, -1);
}

static void add_further_headers(rd_kafka_headers_t *headers, const char *json)
{
	json_t *root = json_loads(json, 0, NULL), *value;
	const char *name;

	json_object_foreach (root, name, value) {
		(void)rd_kafka_header_add(headers, name, -1, json_string_value(value), -1);
	}
	json_decref(root);
}

enum fetched { F_ID, F_TOPIC, F_KEY, F_TYPE, F_HEADERS, F_PAYLOAD };

/* Hands row i of rows to librdkafka, which copies it. */
static rd_kafka_resp_err_t produce(struct relay *r, const PGresult *rows, int i,
				   struct relay_row *row)
{
	const char *topic = pg_text(rows, i, F_TOPIC), *type = pg_text(rows, i, F_TYPE);
	const char *more = pg_text(rows, i, F_HEADERS), *key = pg_text(rows, i, F_KEY);
	bool keyed = r->config.keyed || strcmp(topic, r->config.kafka.topic) != 0;
	rd_kafka_headers_t *headers = rd_kafka_headers_new(4);
	rd_kafka_resp_err_t code;

	if (type)
		add_standard_headers(headers, type);
	if (more)
		add_further_headers(headers, more);
	code = rd_kafka_producev(
		r->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_KEY(keyed ? key : NULL,
			       keyed && key ? (size_t)PQgetlength(rows, i, F_KEY) : 0),
		RD_KAFKA_V_VALUE((void *)pg_text(rows, i, F_PAYLOAD),
				 (size_t)PQgetlength(rows, i, F_PAYLOAD)),
		RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(row), RD_KAFKA_V_END);
	if (code)
		rd_kafka_headers_destroy(headers);
	return code;
}

static void produce_all(struct relay *r, const PGresult *rows)
{
	relay_ledger_reset(&r->ledger);
	for (int i = 0; i < PQntuples(rows); i++) {
		struct relay_row *row = relay_ledger_add(&r->ledger, pg_i64(rows, i, F_ID));
		rd_kafka_resp_err_t code;

		while ((code = produce(r, rows, i, row)) == RD_KAFKA_RESP_ERR__QUEUE_FULL &&
		       !atomic_load(&r->stopping))
			(void)rd_kafka_poll(r->rk, 50);
		if (code)
			report(r, row, code);
		/* Nothing after a row that has to come again may go before it. */
		if (row->verdict == RELAY_RETRY)
			break;
	}
}

/* Waits for the reports, keeping the lease meanwhile: Kafka may be away for long. */
static void await_reports(struct relay *r)
{
	int64_t drain_end = INT64_MAX;
	struct error err;

	while (!relay_ledger_settled(&r->ledger)) {
		char why[200];

		(void)rd_kafka_poll(r->rk, 100);
		if (rd_kafka_fatal_error(r->rk, why, sizeof(why))) {
			log_warn("relay", "producer lost its state, starting a new one", "error=%s",
				 LOG_QUOTE(why));
			break;
		}
		if (atomic_load(&r->stopping)) {
			if (drain_end == INT64_MAX)
				drain_end = clock_mono_ms() + DRAIN_MS;
			if (clock_mono_ms() >= drain_end)
				break;
		} else if (relay_lease_keep(&r->lease, r->pg, &err) == ST_OK && !r->lease.held) {
			break; /* what is still queued here is the new holder's to publish */
		}
	}
	if (relay_ledger_settled(&r->ledger))
		return;
	relay_ledger_abandon(&r->ledger, RD_KAFKA_RESP_ERR__FATAL);
	if (renew_producer(r, &err) != ST_OK)
		log_error("relay", "no new producer", "error=%s", LOG_QUOTE(err.msg));
}

/* --- database side ------------------------------------------------------------------------- */

static void complain(struct relay *r, const char *what, const struct error *err)
{
	if (log_due(&r->next_complaint_mono_ms, 5000))
		log_warn("relay", what, "error=%s", LOG_QUOTE(err->msg));
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
		pg_array_text(&s->reasons, rd_kafka_err2str((rd_kafka_resp_err_t)row->reason));
	}
}

static void settlement_fini(struct settlement *s)
{
	pg_array_fini(&s->acked);
	pg_array_fini(&s->refused);
	pg_array_fini(&s->reasons);
}

/* The ledger's verdicts were written: count them, and forget the batch. */
static void batch_done(struct relay *r)
{
	const struct relay_ledger *l = &r->ledger;

	if (l->count == 0)
		return;
	atomic_fetch_add(&r->published, (int64_t)l->acked);
	atomic_fetch_add(&r->refused, (int64_t)l->refused);
	atomic_fetch_add(&r->retried, (int64_t)l->retry);
	atomic_fetch_add(&r->batches, 1);
	log_debug("relay", "batch published", "n=%zu refused=%zu retry=%zu", l->acked, l->refused,
		  l->retry);
	if (l->refused)
		log_error("relay", "Kafka refuses events for good, see outbox_dead", "n=%zu",
			  l->refused);
	relay_ledger_reset(&r->ledger);
}

/* Writes the last batch's verdicts and reads the next batch, in one transaction and round trip. */
static enum status settle_and_fetch(struct relay *r, PGresult **rows, struct error *err)
{
	struct settlement s;
	struct pg_params acked = { 0 }, refused = { 0 }, fetch = { 0 };
	struct pg_call calls[3];
	size_t n = 0;
	enum status st;

	settlement_init(&s, &r->ledger);
	if (r->ledger.acked) {
		pg_param_array(&acked, &s.acked);
		calls[n++] = (struct pg_call){ "relay_delete", &acked, NULL };
	}
	if (r->ledger.refused) {
		pg_param_array(&refused, &s.refused);
		pg_param_array(&refused, &s.reasons);
		calls[n++] = (struct pg_call){ "relay_bury", &refused, NULL };
	}
	pg_param_i64(&fetch, RELAY_BATCH_MAX);
	pg_param_i64(&fetch, BATCH_MAX_BYTES);
	pg_param_text(&fetch, r->lease.holder);
	calls[n++] = (struct pg_call){ "relay_fetch", &fetch, NULL };
	st = pg_run(r->pg, calls, n, err);
	settlement_fini(&s);
	if (st != ST_OK)
		return st;
	*rows = calls[n - 1].result;
	calls[n - 1].result = NULL;
	pg_clear(calls, n);
	return ST_OK;
}

static enum status listen_once(struct relay *r, struct error *err)
{
	struct pg_call call = { "relay_listen", NULL, NULL };

	if (r->listening == pg_backend_pid(r->pg))
		return ST_OK;
	if (pg_run(r->pg, &call, 1, err) != ST_OK)
		return err->status;
	pg_clear(&call, 1);
	r->listening = pg_backend_pid(r->pg);
	return ST_OK;
}

/* --- the loop ------------------------------------------------------------------------------ */

/* Sleeps until a notification, the stop, or timeout_ms. */
static void wait_for_work(struct relay *r, int64_t timeout_ms)
{
	struct pollfd fds[2] = { { .fd = r->wake_fd, .events = POLLIN },
				 { .fd = pg_socket(r->pg), .events = POLLIN } };

	if (poll(fds, pg_socket(r->pg) >= 0 ? 2 : 1, (int)timeout_ms) > 0 && fds[1].revents)
		(void)pg_take_notifications(r->pg);
	(void)rd_kafka_poll(r->rk, 0);
}

static void pause_after(struct relay *r, const char *what, const struct error *err)
{
	complain(r, what, err);
	atomic_store(&r->active, false);
	wait_for_work(r, backoff_next_ms(&r->backoff, (uint32_t)clock_mono_us()));
}

/* One round: lease, listen, settle and fetch, publish. */
static void relay_round(struct relay *r)
{
	struct error err;
	PGresult *rows = NULL;

	if (relay_lease_keep(&r->lease, r->pg, &err) != ST_OK || listen_once(r, &err) != ST_OK) {
		pause_after(r, "cannot reach the outbox", &err);
		return;
	}
	atomic_store(&r->active, r->lease.held);
	if (!r->lease.held) {
		relay_ledger_reset(&r->ledger);
		wait_for_work(r, RELAY_LEASE_RENEW_MS / 2);
		return;
	}
	if (settle_and_fetch(r, &rows, &err) != ST_OK) {
		/* The verdicts stay in the ledger and are written by the next round. */
		pause_after(r, "cannot read the outbox", &err);
		return;
	}
	if (r->ledger.retry > 0) {
		error_set(&err, ST_UNAVAILABLE, "%s",
			  rd_kafka_err2str((rd_kafka_resp_err_t)r->ledger.retry_reason));
		batch_done(r);
		pause_after(r, "Kafka does not take events", &err);
	} else {
		batch_done(r);
		backoff_reset(&r->backoff);
		if (PQntuples(rows) > 0) {
			produce_all(r, rows);
			await_reports(r);
		} else {
			wait_for_work(r, RELAY_LEASE_RENEW_MS / 2);
		}
	}
	PQclear(rows);
}

/* At the end: what was acknowledged must not be published again by whoever comes next. */
static void settle_last(struct relay *r)
{
	PGresult *rows = NULL;
	struct error err;

	if (r->ledger.acked + r->ledger.refused > 0 && settle_and_fetch(r, &rows, &err) == ST_OK) {
		batch_done(r);
		PQclear(rows);
	}
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
	fill_statements(r);
	relay_lease_init(&r->lease, config->instance, APPLICATION);
	(void)pthread_mutex_init(&r->mu, NULL);
	r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->wake_fd < 0) {
		(void)error_set(err, ST_INTERNAL, "eventfd failed");
		goto fail_fd;
	}
	if (pg_open(&r->pg, config->database_url, APPLICATION, r->statements, STATEMENT_COUNT,
		    err) != ST_OK)
		goto fail_pg;
	if (renew_producer(r, err) != ST_OK)
		goto fail_producer;
	if (pthread_create(&r->thread, NULL, relay_main, r) != 0) {
		(void)error_set(err, ST_INTERNAL, "cannot start the relay's thread");
		goto fail_thread;
	}
	*out = r;
	return ST_OK;

fail_thread:
	rd_kafka_destroy(r->rk);
fail_producer:
	pg_close(r->pg);
fail_pg:
	(void)close(r->wake_fd);
fail_fd:
	(void)pthread_mutex_destroy(&r->mu);
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
	rd_kafka_destroy(r->rk);
	pg_close(r->pg);
	(void)close(r->wake_fd);
	(void)pthread_mutex_destroy(&r->mu);
	free(r);
}

bool relay_broker_reachable(struct relay *r)
{
	bool reachable;

	(void)pthread_mutex_lock(&r->mu);
	reachable = kafka_reachable(r->rk, 500);
	(void)pthread_mutex_unlock(&r->mu);
	return reachable;
}

void relay_metrics(struct relay *r, struct metrics_out *out)
{
	metrics_one(out, "relay_active", "gauge", "1 if this process publishes the outbox.",
		    atomic_load(&r->active));
	metrics_one(out, "relay_published_total", "counter", "Events acknowledged by Kafka.",
		    atomic_load(&r->published));
	metrics_one(out, "relay_refused_total", "counter",
		    "Events that Kafka refused for good (outbox_dead).", atomic_load(&r->refused));
	metrics_one(out, "relay_retried_total", "counter", "Events to be published again.",
		    atomic_load(&r->retried));
	metrics_one(out, "relay_batches_total", "counter", "Batches published.",
		    atomic_load(&r->batches));
}
