/*
 * Before a relay with transactions publishes: takes the transactional id, which ends what another
 * relay, or its own last producer, left open; reads which rows were committed last; deletes those
 * from the outbox.
 *
 * Invariant: at most the last committed transaction has rows in the outbox, since the rows of one
 * are deleted in the database's transaction that reads the rows of the next.
 */
#include <stdlib.h>

#include "common/kafka/kafka_state.h"
#include "common/outbox/relay_committed.h"
#include "common/outbox/relay_state.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define PREPARE_MS 500

/* The read takes its time: the lease is kept. */
static bool go_on(void *context)
{
	struct relay *r = context;
	int64_t term = r->lease.term;
	struct error err;

	return !atomic_load(&r->stopping) && relay_state_keep_lease(r, &err) == ST_OK &&
	       r->lease.held && r->lease.term == term;
}

static enum status delete_committed(struct relay *r, const char *text, struct error *err)
{
	struct relay_committed *committed = malloc(sizeof(*committed));
	int64_t count = 0;
	enum status st;

	if (!committed)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	if (relay_committed_decode(committed, text))
		st = relay_store_delete_committed(&r->outbox, committed, &count, err);
	else
		st = error_set(err, ST_INVALID, "topic %s: the state of %s cannot be read",
			       r->state_topic, r->kafka.transactional_id);
	free(committed);
	if (count > 0)
		log_info("relay", "deleted events that were committed to Kafka", "n=%lld",
			 (long long)count);
	atomic_fetch_add(&r->counts.recovered, count);
	return st;
}

static enum status recover(struct relay *r, struct error *err)
{
	const struct kafka_state_source source = { .kafka = &r->kafka,
						   .topic = r->state_topic,
						   .key = r->kafka.transactional_id,
						   .go_on = go_on,
						   .context = r };
	char *text = NULL;
	enum status st = relay_publisher_prepare(r->publisher, r->lease.term, PREPARE_MS, err);

	if (st == ST_OK)
		st = kafka_state_read(&source, &text, err);
	if (st == ST_OK && text)
		st = delete_committed(r, text, err);
	free(text);
	if (st == ST_OK)
		relay_publisher_recovered(r->publisher);
	return st;
}

void relay_recover(struct relay *r)
{
	struct error err;
	enum status st = recover(r, &err);

	if (st == ST_OK) {
		relay_patience_renew(&r->patience);
		backoff_reset(&r->backoff);
		return;
	}
	progress_held(&r->progress, err.msg);
	if (log_due(&r->next_log_mono_ms, 5000))
		log_warn("relay", "cannot take over the transactions", "error=%s",
			 LOG_QUOTE(err.msg));
	if (st == ST_UNAVAILABLE || st == ST_INTERNAL)
		relay_patience_begin(&r->patience, clock_mono_ms());
	(void)wakeup_wait(&r->wakeup, -1, backoff_next_ms(&r->backoff, (uint32_t)clock_mono_us()));
}
