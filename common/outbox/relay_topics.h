/*
 * The topics of the outbox' rows, and which of them are held back. A topic of which Kafka did not
 * take a row, since it is missing, say, is tried again after a while, from that row on; the rows of
 * the other topics go on meanwhile. Pure.
 *
 * Invariant: while a topic is held back none of its rows is read, and in a batch none is sent after
 * one that has to come again, so the rows of a topic keep their order.
 *
 * Threads: one owner.
 */
#ifndef COMMON_OUTBOX_RELAY_TOPICS_H
#define COMMON_OUTBOX_RELAY_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/backoff.h"
#include "common/outbox/relay_ledger.h"

#define RELAY_TOPICS_MAX     16 /* at once; of a service's rows there are two */
#define RELAY_TOPIC_NAME_MAX 250

struct relay_topic {
	char name[RELAY_TOPIC_NAME_MAX];
	bool failing;          /* the last batch left rows of it to be retried */
	int reason;            /* of the latest of them */
	int64_t until_mono_ms; /* held back until then */
	struct backoff backoff;
};

struct relay_topics {
	struct relay_topic topics[RELAY_TOPICS_MAX];
	size_t count;
};

/* Before a batch: forgets the topics that do not fail, so that there is room. */
void relay_topics_begin(struct relay_topics *topics);

/* The topic's number, for relay_row, until the next begin; -1: there is no room, or the name is too
 * long. */
int relay_topics_find(struct relay_topics *topics, const char *name);

/* After a batch: holds back the topics of which rows are to be retried through no other row's
 * fault, and lets those go of which all were dealt with. random: see backoff.h. */
void relay_topics_judge(struct relay_topics *topics, const struct relay_ledger *ledger,
			int64_t now_mono_ms, uint32_t random);

/* Holds back one that fails for another while. */
void relay_topics_hold(struct relay_topic *topic, int64_t now_mono_ms, uint32_t random);

bool relay_topics_is_held(const struct relay_topic *topic, int64_t now_mono_ms);

/* One that fails, NULL if none does; and how many do. */
const struct relay_topic *relay_topics_failing(const struct relay_topics *topics);
size_t relay_topics_count_failing(const struct relay_topics *topics);

/* The time until the first of those held back may be tried again, max_ms at most. */
int64_t relay_topics_wait_ms(const struct relay_topics *topics, int64_t now_mono_ms,
			     int64_t max_ms);

/* The outbox has no row: none fails. */
void relay_topics_clear(struct relay_topics *topics);

#endif
