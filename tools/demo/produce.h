/*
 * make produce: lines of the standard input go to the topic, one message each, and are shown as
 * make topic shows them once the broker has them.
 *
 * Threads: main; stopped is set by another.
 */
#ifndef TOOLS_DEMO_PRODUCE_H
#define TOOLS_DEMO_PRODUCE_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"
#include "tools/demo/screen.h"

struct produce_config {
	struct kafka_settings kafka;
	const char *key;     /* of all messages; "": each line's own */
	const char *headers; /* of all messages, name=value;...; "": those of the lab's events */
	int64_t partition;   /* of all messages; -1: the key's, or the next one in turn */
	bool raw;            /* a line is a value, whatever stands in it */
};

/* Until the input ends, or stopped. *good: every line was sent. ST_NOT_FOUND: there is no such
 * topic, or partition. ST_UNAVAILABLE: no broker answers. */
MUST_CHECK enum status produce_lines(struct screen *screen, const struct produce_config *config,
				     const atomic_bool *stopped, bool *good, struct error *err);

#endif
