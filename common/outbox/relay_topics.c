#include "common/outbox/relay_topics.h"

#include <string.h>

#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 1000

void relay_topics_begin(struct relay_topics *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (!t->topics[i].failing)
			continue;
		if (kept != i)
			t->topics[kept] = t->topics[i];
		kept++;
	}
	t->count = kept;
}

int relay_topics_find(struct relay_topics *t, const char *name)
{
	size_t len = strlen(name);
	struct relay_topic *topic;

	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->topics[i].name, name) == 0)
			return (int)i;
	}
	if (t->count == RELAY_TOPICS_MAX || len >= RELAY_TOPIC_NAME_MAX)
		return -1;
	topic = &t->topics[t->count];
	*topic = (struct relay_topic){
		.backoff = { .base_ms = RETRY_MIN_MS, .cap_ms = RETRY_MAX_MS },
	};
	memcpy(topic->name, name, len + 1);
	return (int)t->count++;
}

/* What a batch did to a topic. */
struct tally {
	size_t done, retry;
	int reason;
};

static void count_rows(struct tally *tallies, const struct relay_ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++) {
		const struct relay_row *row = &ledger->rows[i];

		if (row->topic < 0 || (row->verdict == RELAY_RETRY && row->reason == 0))
			continue;
		if (row->verdict == RELAY_RETRY) {
			tallies[row->topic].retry++;
			tallies[row->topic].reason = row->reason;
		} else {
			tallies[row->topic].done++;
		}
	}
}

void relay_topics_hold(struct relay_topic *topic, int64_t now, uint32_t random)
{
	topic->until_mono_ms = now + backoff_next_ms(&topic->backoff, random);
}

static void judge(struct relay_topic *topic, const struct tally *tally, int64_t now,
		  uint32_t random)
{
	if (tally->done > 0) {
		topic->failing = false;
		backoff_reset(&topic->backoff);
	}
	if (tally->retry > 0) {
		topic->failing = true;
		topic->reason = tally->reason;
		relay_topics_hold(topic, now, random);
	}
}

void relay_topics_judge(struct relay_topics *t, const struct relay_ledger *ledger, int64_t now,
			uint32_t random)
{
	struct tally tallies[RELAY_TOPICS_MAX] = { 0 };

	count_rows(tallies, ledger);
	for (size_t i = 0; i < t->count; i++)
		judge(&t->topics[i], &tallies[i], now, random);
}

bool relay_topics_is_held(const struct relay_topic *topic, int64_t now)
{
	return topic->failing && now < topic->until_mono_ms;
}

const struct relay_topic *relay_topics_failing(const struct relay_topics *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->topics[i].failing)
			return &t->topics[i];
	}
	return NULL;
}

size_t relay_topics_count_failing(const struct relay_topics *t)
{
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++)
		count += t->topics[i].failing;
	return count;
}

int64_t relay_topics_wait_ms(const struct relay_topics *t, int64_t now, int64_t max_ms)
{
	int64_t wait = max_ms;

	for (size_t i = 0; i < t->count; i++) {
		if (relay_topics_is_held(&t->topics[i], now) &&
		    t->topics[i].until_mono_ms - now < wait)
			wait = t->topics[i].until_mono_ms - now;
	}
	return wait;
}

void relay_topics_clear(struct relay_topics *t)
{
	t->count = 0;
}
