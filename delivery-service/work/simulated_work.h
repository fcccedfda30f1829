/*
 * Simulated work: what one piece of it is, and doing it. WORK_WAIT takes only time. WORK_CPU takes
 * a thread for a time of its own computing, not of the clock. WORK_COUNT counts from 0 to 1000 and
 * prints each number on a line of standard output, as println does; output.h writes them.
 *
 * A piece can be done in equal parts, by several threads at the same time. Work that is cancelled
 * ends within a moment; how far it came is nobody's concern. (Who reads standard output and stops
 * reading holds up WORK_COUNT, a stop too.)
 *
 * Threads: any; a struct simulated_work is only read by simulated_work_do, so many may do the same
 * one.
 */
#ifndef DELIVERY_SERVICE_WORK_SIMULATED_WORK_H
#define DELIVERY_SERVICE_WORK_SIMULATED_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum simulated_work_kind { WORK_WAIT, WORK_CPU, WORK_COUNT };

/* NULL-terminated, indexed by enum simulated_work_kind: "wait", "cpu", "count". */
extern const char *const simulated_work_names[];

struct simulated_work {
	enum simulated_work_kind kind;
	int64_t ms; /* of waiting or computing; counting takes what it takes */
	_Atomic bool cancelled;
};

/* Does one of parts equal parts, part counting from 0. False: it was cancelled. */
bool simulated_work_do(const struct simulated_work *work, int part, int parts);

static inline void simulated_work_cancel(struct simulated_work *work)
{
	atomic_store(&work->cancelled, true);
}

#endif
