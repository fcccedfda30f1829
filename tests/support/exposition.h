/*
 * A strict reader of the Prometheus text format 0.0.4, as this project writes it: each family has
 * its HELP, its TYPE and then its samples, counters end in _total, a histogram's buckets ascend and
 * agree with its count, nothing comes twice, and there is no line besides. Every breach fails the
 * test with the line.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_EXPOSITION_H
#define TESTS_SUPPORT_EXPOSITION_H

#include <stddef.h>

#define EXPOSITION_FAMILIES_MAX 200

struct family {
	const char *name, *type;
	const char
		*labels; /* names of its samples' labels, "method,route"; "" for none; without le */
	size_t samples;
};

/* All of it is in the arena. */
struct exposition {
	struct family families[EXPOSITION_FAMILIES_MAX];
	size_t count;
};

/* Reads text, the metrics of who. */
struct exposition exposition_read(const char *who, const char *text);

/* NULL: there is none. */
const struct family *exposition_family(const struct exposition *exposition, const char *name);

#endif
