/*
 * The lab at work: its stack, what it reads of the topic and the tables, and the screen. Everything
 * that waits looks for the stop, and ends with ST_UNAVAILABLE then.
 *
 * Invariant: only lab_pump reads the topic and shows its messages, between the lab's own lines, so
 * two lines never mix.
 *
 * Threads: main; stopped is set by another.
 */
#ifndef TOOLS_DEMO_LAB_H
#define TOOLS_DEMO_LAB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/kafka/kafka_tail.h"
#include "common/pg/pg.h"
#include "tools/demo/report.h"
#include "tools/demo/screen.h"

#define LAB_GRACE_MS 60000 /* for what comes at once on a machine that is not busy */

struct lab_config {
	struct kafka_settings kafka;
	const char *database_url, *run_dir;
	int order_port, delivery_port, pg_port, kafka_port;
	int64_t delay_ms; /* of the work on an OrderModified */
	int64_t rounds;
	bool enter; /* a reader with a keyboard sets the pace */
};

struct lab {
	const struct lab_config *config;
	struct screen screen;
	const struct catalogue *texts;
	struct kafka_tail *tail; /* NULL: the stack is not up yet */
	struct pg *pg;           /* likewise */
	struct seen_event *seen; /* owned */
	size_t seen_count, seen_capacity;
	bool show; /* the calls and messages of this round */
	atomic_bool stopped;
};

/* Both are borrowed. */
void lab_init(struct lab *lab, const struct lab_config *config, const struct catalogue *texts);
void lab_fini(struct lab *lab);

/* Whether the lab goes on: ST_UNAVAILABLE once it is stopped. */
MUST_CHECK enum status lab_goes_on(struct lab *lab, struct error *err);

/* Runs a command of the stack to its end: stack/stack.sh and its arguments, ended by NULL. While
 * it runs, tick is called with context; NULL: nothing. The log has what it says, and so has stderr
 * where it fails. */
MUST_CHECK enum status lab_stack(struct lab *lab, void (*tick)(void *context), void *context,
				 const char *const *arguments, struct error *err);

/* Connects to the stack, which is up. */
MUST_CHECK enum status lab_connect(struct lab *lab, struct error *err);

/* Takes what the topic has within timeout_ms: one message at most, which is shown. */
MUST_CHECK enum status lab_pump(struct lab *lab, int timeout_ms, struct error *err);

/* The event of an order, if it has come; NULL: not yet. Valid until the next pump. */
const struct seen_event *lab_find(const struct lab *lab, int64_t order, const char *type);

/* Waits until these events of the order have come (names, ended by NULL), with a bar while
 * OrderModified is worked on. */
MUST_CHECK enum status lab_await(struct lab *lab, int64_t order, const char *const *types,
				 struct error *err);

/* Waits until condition holds, for LAB_GRACE_MS at most. what: the text of the error then. */
MUST_CHECK enum status lab_until(struct lab *lab, bool (*condition)(struct lab *lab),
				 const char *what, struct error *err);

#endif
