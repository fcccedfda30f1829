/*
 * What the processors have done since the machine started, by the parts of a stack, in clock ticks,
 * from /proc. A part is what the stack's pid files name, with its children: PostgreSQL's work is
 * that of its backends, and of those that have ended, which its own figures have.
 *
 * Threads: one.
 */
#ifndef TOOLS_CPU_SAMPLER_TICKS_H
#define TOOLS_CPU_SAMPLER_TICKS_H

#include <stdint.h>
#include <sys/types.h>

#include "common/base/error.h"

enum part {
	PART_ALL, /* of the machine */
	PART_ORDER,
	PART_DELIVERY,
	PART_POSTGRES,
	PART_KAFKA,
	PART_LOAD, /* load generators of the same parent */
	PART_COUNT,
};

extern const char *const ticks_part_names[PART_COUNT];

struct ticks {
	int64_t available; /* of all processors together, idle ones too */
	int64_t done[PART_COUNT];
};

/* pid_dir: the folder of the stack's pid files. parent: whose children named "load" count as
 * PART_LOAD. */
MUST_CHECK enum status ticks_read(struct ticks *out, const char *pid_dir, pid_t parent,
				  struct error *err);

/* The part's share of what was available between two moments, in percent. A part of which a process
 * has ended in between may have done less than before: 0. */
double ticks_percent(const struct ticks *before, const struct ticks *now, enum part part);

#endif
