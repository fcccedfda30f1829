/*
 * One batch: hands the rows to the producer, waits for their verdicts, and judges what they tell of
 * the topics and of Kafka.
 */
#include <stdlib.h>

#include "common/base/strbuf.h"
#include "common/kafka/kafka_producer.h"
#include "common/outbox/relay_state.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define DRAIN_MS       500  /* at a stop, for what is in flight */
#define ASIDE_MS       3000 /* the lease was given up: a standby asks for it within that */
#define RETRY_PAUSE_MS 50
#define LEADER_MS      5000 /* without a report: a leader is elected within that, or there is none */

/* Kafka has taken nothing for so long that another relay may try. Nobody gives the lease to nobody:
 * alone, it goes on trying. */
static bool is_to_give_up(struct relay *r)
{
	int64_t now = clock_mono_ms();
	struct error err;
	bool rival = false;

	if (!r->lease.held || !relay_patience_is_over(&r->patience, now) ||
	    now < r->next_rival_mono_ms)
		return false;
	r->next_rival_mono_ms = now + RELAY_LEASE_RENEW_MS;
	return relay_lease_has_rival(&r->lease, r->outbox.pg, &rival, &err) == ST_OK && rival;
}

/*
 * What was in flight has ended: no row is published here after it was published there. What Kafka
 * has is deleted first, so that it is not published again.
 */
static void give_up(struct relay *r)
{
	struct error err;

	log_warn("relay", "gives the lease up to another relay: Kafka takes nothing from this one",
		 "holder=%s", LOG_QUOTE(r->lease.holder));
	relay_settle(r);
	if (relay_lease_release(&r->lease, r->outbox.pg, ASIDE_MS, &err) != ST_OK)
		atomic_fetch_add(&r->counts.database_errors, 1);
	atomic_fetch_add(&r->counts.given_up, 1);
	relay_patience_lost(&r->patience);
	r->gives_up = false;
}

/* True if the wait for reports ends before they are there. */
static bool is_cut_short(struct relay *r, int64_t *drain_end)
{
	struct error err;

	if (atomic_load(&r->stopping)) {
		if (*drain_end == INT64_MAX)
			*drain_end = clock_mono_ms() + DRAIN_MS;
		return clock_mono_ms() >= *drain_end;
	}
	if (relay_state_keep_lease(r, &err) == ST_OK && !r->lease.held)
		return true;
	r->gives_up = is_to_give_up(r);
	return r->gives_up;
}

/* Nothing was reported since then, and nothing will be until a partition has a leader. */
static bool lacks_leader(struct relay *r, int64_t *since_mono_ms)
{
	int64_t now = clock_mono_ms();

	if (now - *since_mono_ms < LEADER_MS)
		return false;
	*since_mono_ms = now;
	return relay_publisher_lacks_leader(r->publisher);
}

/* Whether Kafka took something of the batch since it had taken so many rows. */
static size_t watch_patience(struct relay *r, size_t taken)
{
	const struct relay_ledger *ledger = relay_state_ledger(r);

	if (ledger->acked + ledger->refused > taken)
		relay_patience_renew(&r->patience);
	if (ledger->outstanding > 0)
		relay_patience_begin(&r->patience, clock_mono_ms());
	return ledger->acked + ledger->refused;
}

/*
 * Waits until every row has its verdict, and keeps the lease: Kafka may be away for long. The wait
 * ends early, and the producer is abandoned, if it lost its state, if the lease was lost (what is
 * still queued is the new holder's to publish) or is to be given up, if a stop lasts, and if what
 * is left is of topics without a leader: they are held back, and the others go on.
 */
static void await_reports(struct relay *r)
{
	const struct relay_ledger *ledger = relay_state_ledger(r);
	int64_t drain_end = INT64_MAX, since_mono_ms = clock_mono_ms();
	size_t taken = 0, before;

	while (!relay_ledger_settled(ledger)) {
		if (!relay_publisher_poll(r->publisher, 100))
			break;
		before = taken;
		taken = watch_patience(r, taken);
		if (taken > before)
			since_mono_ms = clock_mono_ms();
		if (ledger->outstanding > 0)
			progress_held(&r->progress, "Kafka does not acknowledge what was sent");
		if (is_cut_short(r, &drain_end) || lacks_leader(r, &since_mono_ms))
			break;
		relay_state_refresh_backlog(r);
	}
	/* A producer may be lost along with the last report, or at the first message already. */
	if (!relay_publisher_poll(r->publisher, 0) || !relay_ledger_settled(ledger))
		relay_publisher_abandon(r->publisher);
}

static void say_failing(struct relay *r, const struct relay_topic *topic)
{
	char why[RELAY_TOPIC_NAME_MAX + 100];
	struct strbuf text = STRBUF_ON(why);

	strbuf_printf(&text, "topic %s: %s", topic->name, kafka_producer_reason(topic->reason));
	progress_held(&r->progress, why);
	if (log_due(&r->next_log_mono_ms, 5000))
		log_warn("relay", "publish failed, will retry", "topic=%s error=%s",
			 LOG_QUOTE(topic->name), LOG_QUOTE(kafka_producer_reason(topic->reason)));
}

/* What the verdicts tell of the topics and of Kafka. A batch of which nothing was taken is not
 * followed by the next at once. */
static void judge_batch(struct relay *r)
{
	const struct relay_ledger *ledger = relay_state_ledger(r);
	struct relay_topics *topics = relay_state_topics(r);
	bool taken = ledger->acked + ledger->refused > 0;
	const struct relay_topic *failing;

	relay_topics_judge(topics, ledger, clock_mono_ms(), (uint32_t)clock_mono_us());
	failing = relay_topics_failing(topics);
	atomic_store(&r->counts.topics_failing, (int64_t)relay_topics_count_failing(topics));
	if (failing)
		say_failing(r, failing);
	if (taken)
		relay_patience_renew(&r->patience);
	else if (kafka_producer_blames_topic(ledger->retry_reason))
		relay_patience_rest(&r->patience);
	else
		relay_patience_begin(&r->patience, clock_mono_ms());
	if (!taken)
		(void)wakeup_wait(&r->wakeup, -1, RETRY_PAUSE_MS);
}

void relay_publish_batch(struct relay *r, const PGresult *rows)
{
	int64_t started = clock_mono_us();

	relay_publisher_publish(r->publisher, rows);
	await_reports(r);
	relay_publisher_end_spans(r->publisher);
	histogram_observe(&r->counts.publish_us, clock_mono_us() - started);
	judge_batch(r);
}

void relay_publish_give_up_if_due(struct relay *r)
{
	if (r->gives_up || is_to_give_up(r))
		give_up(r);
}
