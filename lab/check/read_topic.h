/*
 * What the topics say, as facts: Order* and Delivery* events, and the dead letters that came from
 * the topic.
 *
 * Threads: one owner.
 */
#ifndef LAB_CHECK_READ_TOPIC_H
#define LAB_CHECK_READ_TOPIC_H

#include "lab/check/history.h"
#include "lab/check/topic.h"

#define DEAD_LETTER_TOPIC "dlq-kafka.delivery"

/* Errors: as topic_find_ends. */
MUST_CHECK enum status read_events(struct topic *topic, struct history *h, struct error *err);

/* The dead letters of the topic of that name. No dead-letter topic: no dead letters. */
MUST_CHECK enum status read_dead_letters(struct topic *dead_letters, const char *topic,
					 struct history *h, struct error *err);

#endif
