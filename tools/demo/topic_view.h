/*
 * make topic: the topic from its beginning, then live, a line for each event; RAW: the messages as
 * they are.
 *
 * Threads: main; stopped is set by another.
 */
#ifndef TOOLS_DEMO_TOPIC_VIEW_H
#define TOOLS_DEMO_TOPIC_VIEW_H

#include <stdatomic.h>

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"
#include "tools/demo/screen.h"

/* Shows it until stopped; without follow only what is there now. */
MUST_CHECK enum status topic_view_show(struct screen *screen, const struct kafka_settings *kafka,
				       bool raw, bool follow, const atomic_bool *stopped,
				       struct error *err);

#endif
