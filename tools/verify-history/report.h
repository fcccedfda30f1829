/*
 * What a person and a script read: the counts, each kind of violation with its first case, and the
 * verdict.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_VERIFY_HISTORY_REPORT_H
#define TOOLS_VERIFY_HISTORY_REPORT_H

#include "common/base/error.h"
#include "tools/verify-history/judge.h"

struct report {
	const struct history *history;
	const struct judgement *judgement;
	const char *topic; /* of the events */
	bool drained;      /* nothing moved any more when it was read */
	int64_t waited_ms;
};

/* Nothing is gone from the beginning of the topics. */
bool report_is_whole(const struct report *report);

/* On stdout. */
void report_text(const struct report *report);

/* The same as one JSON object, on one line. False: out of memory. */
MUST_CHECK bool report_json(const struct report *report);

#endif
