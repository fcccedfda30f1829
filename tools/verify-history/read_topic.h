/*
 * What the topics say, as facts: Order* and Delivery* events, and the dead letters that came from
 * the topic.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_VERIFY_HISTORY_READ_TOPIC_H
#define TOOLS_VERIFY_HISTORY_READ_TOPIC_H

#include "common/kafka/kafka_topic.h"
#include "tools/verify-history/history.h"

/* Errors: as kafka_topic_find_ends. */
MUST_CHECK enum status read_events(struct kafka_topic *topic, struct history *h, struct error *err);

/* The dead letters of the topic of that name. No dead-letter topic: no dead letters. */
MUST_CHECK enum status read_dead_letters(struct kafka_topic *dead_letters, const char *topic,
					 struct history *h, struct error *err);

#endif
