/*
 * An event as it lay on the topic, with the little that the lab needs of it.
 *
 * Threads: any; values only.
 */
#ifndef TOOLS_DEMO_SEEN_EVENT_H
#define TOOLS_DEMO_SEEN_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/event/message.h"

struct seen_event {
	int32_t partition;
	int64_t offset;
	char key[40];         /* "-": none */
	char type[40];        /* "-": none */
	int64_t order;        /* -1: the payload names none */
	int64_t version;      /* -1: likewise */
	int64_t came_mono_ms; /* when it came here */
};

void seen_event_read(struct seen_event *event, const struct message *message);

/* It is of order-service: the other is delivery-service. */
bool seen_event_of_order(const struct seen_event *event);

#endif
