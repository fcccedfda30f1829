/*
 * What a message says, as facts: Order* and Delivery* events, and dead letters. Pure.
 *
 * Threads: one owner of the history.
 */
#ifndef TOOLS_VERIFY_HISTORY_TOPIC_FACTS_H
#define TOOLS_VERIFY_HISTORY_TOPIC_FACTS_H

#include "common/event/message.h"
#include "tools/verify-history/history.h"

/* A message of the topic of that name. */
void topic_facts_message(struct history *h, const char *topic, const struct message *m);

/* A dead letter: counts if it came from the topic of that name. */
void topic_facts_letter(struct history *h, const char *topic, const struct message *m);

#endif
