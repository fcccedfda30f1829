#include "delivery-service/consume/membership.h"

#include <inttypes.h>

#include "common/base/strbuf.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define TRY_EVERY_MS  500
#define REJOIN_MIN_MS 4000 /* the first wait: half of it, or more */
#define REJOIN_MAX_MS 60000
#define SETTLED_MS    120000 /* whoever stayed for so long did not flutter, events or not */

void membership_init(struct membership *m)
{
	m->joined_mono_ms = clock_mono_ms();
	m->backoff = (struct backoff){ .base_ms = REJOIN_MIN_MS, .cap_ms = REJOIN_MAX_MS };
}

void membership_committed(struct membership *m)
{
	backoff_reset(&m->backoff);
}

int64_t membership_unclaimed(struct membership *m)
{
	m->unclaimed = !m->away;
	return -1;
}

/* Why it is to leave; NULL: it is not. */
static const char *reason_to_leave(struct membership *m)
{
	if (delivery_store_silence_ms(m->store) >= DELIVERY_SILENCE_MAX_MS)
		return "the database does not answer";
	if (m->unclaimed)
		return "a partition could not be claimed";
	if (kafka_consumer_is_stuck(m->consumer))
		return "its client of Kafka reads a partition no more";
	return NULL;
}

static void leave(struct membership *m, const char *why)
{
	int64_t now = clock_mono_ms(), pause;

	if (now - m->joined_mono_ms > SETTLED_MS)
		backoff_reset(&m->backoff);
	pause = backoff_next_ms(&m->backoff, (uint32_t)clock_mono_us());
	log_warn("delivery", "leaves the group",
		 "reason=%s silent_ms=%" PRId64 " unclaimed=%d pause_ms=%" PRId64, LOG_QUOTE(why),
		 delivery_store_silence_ms(m->store), m->unclaimed, pause);
	kafka_consumer_unsubscribe(m->consumer);
	atomic_fetch_add(&m->metrics->left, 1);
	m->away = true;
	m->why_away = why;
	m->unclaimed = false;
	m->next_try_mono_ms = now + pause;
}

static void try_to_join(struct membership *m)
{
	struct error err;

	if (delivery_store_try_write(m->store, &err) == ST_OK &&
	    kafka_consumer_subscribe(m->consumer, &err) == ST_OK) {
		log_info("delivery", "joins the group again", "");
		m->away = false;
		m->joined_mono_ms = clock_mono_ms();
	} else if (log_due(&m->next_log_mono_ms, 5000)) {
		log_warn("delivery", "cannot join the group again, will retry", "error=%s",
			 LOG_QUOTE(err.msg));
	}
	m->next_try_mono_ms = clock_mono_ms() + TRY_EVERY_MS;
}

/* Who owns partitions works on them through a rebalance. */
static bool waits_for_the_group(const struct membership *m)
{
	return !kafka_consumer_is_steady(m->consumer) && atomic_load(&m->metrics->partitions) == 0;
}

/* Retrying is no progress. */
static void report(struct membership *m)
{
	const char *refusal = kafka_consumer_refusal(m->consumer);
	char text[240];
	struct strbuf why = STRBUF_ON(text);

	atomic_store(&m->metrics->member, !m->away && !refusal);
	if (m->away) {
		strbuf_printf(&why, "the group was left: %s", m->why_away);
		progress_held(m->progress, text);
	} else if (refusal) {
		strbuf_printf(&why, "the group refuses this replica: %s", refusal);
		progress_held(m->progress, text);
	} else if (waits_for_the_group(m)) {
		progress_held(m->progress, "the group has not taken this replica");
	} else {
		progress_made(m->progress);
	}
}

bool membership_keep(struct membership *m)
{
	const char *why = m->away ? NULL : reason_to_leave(m);

	if (why)
		leave(m, why);
	else if (m->away && clock_mono_ms() >= m->next_try_mono_ms)
		try_to_join(m);
	report(m);
	return !m->away;
}
