/*
 * Was a service ready although work of its kind stood still? Work stands still while there is some
 * and its value stays the same, whatever keeps it. Pure.
 *
 * Threads: a struct standstill has one owner.
 */
#ifndef TESTS_FAULTS_STANDSTILL_H
#define TESTS_FAULTS_STANDSTILL_H

#include <stdbool.h>
#include <stdint.h>

/* A service that stands still says so after 10 s (common/runtime/progress.h). Twice that, and more
 * than its grace after a start, leave room for a slow machine. */
#define STANDSTILL_WORK_MS  20000
#define STANDSTILL_READY_MS 13000
#define STANDSTILL_BLIND_MS 12000 /* after so long without a look nobody knows what was said */

struct standstill {
	int64_t value;
	int64_t moved_ms; /* when it changed last, or there was no work */
	int64_t looked_ms;
	int64_t ready_ms; /* all who answer for it have been ready since; -1: they are not */
	int64_t longest_ms;
	bool told; /* of this standstill */
};

void standstill_init(struct standstill *work, int64_t now_ms);

/* A look. ready: all who answer for the work say that they are ready. True, once in each
 * standstill: they have said so for STANDSTILL_READY_MS of one that lasts STANDSTILL_WORK_MS. */
bool standstill_look(struct standstill *work, int64_t now_ms, bool has_work, int64_t value,
		     bool ready);

#endif
