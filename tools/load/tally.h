/*
 * What became of the calls: counts, times, and once a second a line of what happened in it.
 * Invariant: a call that was sent, or that was due and never sent, is counted once, as answered
 * (2xx), as an error (another answer, or none), or as timed out.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_LOAD_TALLY_H
#define TOOLS_LOAD_TALLY_H

#include <jansson.h>
#include <stdint.h>

#include "common/base/error.h"

struct tally;

/* count_max: calls that can come at most. series: the file that gets the lines. Returns owned. */
MUST_CHECK enum status tally_open(struct tally **out, int64_t count_max, const char *series,
				  struct error *err);
void tally_close(struct tally *tally);

/* The start of the time that the lines count. */
void tally_start(struct tally *tally, int64_t mono_us);

/* time_us: from when the call was due until it was over. */
void tally_answered(struct tally *tally, int64_t time_us);
void tally_error(struct tally *tally, int status, int64_t time_us); /* status 0: no answer */
void tally_timed_out(struct tally *tally, int64_t time_us);
void tally_unsent(struct tally *tally, int64_t time_us); /* timed out before it was sent */

/* Writes a line if a second is over: seconds since the start, calls that are over, answered,
 * errors and timed out since the start; p50, p99 and longest of those answered in that second, in
 * ms. */
void tally_tick(struct tally *tally, int64_t mono_us);

/* The calls that are over. */
int64_t tally_over(const struct tally *tally);

/* The last line, and all of it as a JSON object; returns owned. Times are sorted by it: the end. */
json_t *tally_result(struct tally *tally, int64_t mono_us);

#endif
