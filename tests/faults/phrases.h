/*
 * Lines of text that tell of trouble: in the output of the stack's scripts, and in the services'
 * logs. Pure.
 *
 * Threads: any.
 */
#ifndef TESTS_FAULTS_PHRASES_H
#define TESTS_FAULTS_PHRASES_H

#include <stdbool.h>
#include <stddef.h>

/* What stack/process.sh says when a process ended while it started, or was killed since it did not
 * stop; NULL ends them. */
extern const char *const phrases_of_scripts[];

/* The next line of *text that has such a phrase, cut to size, and *text moved behind it; false:
 * there is none. */
bool phrases_find(const char **text, char *line, size_t size);

/* A line of a service's log that somebody would have to act on, or a sanitizer's. */
bool phrases_is_error(const char *line);

/* One of those lines: a service says that its database has lost commits. */
bool phrases_is_loss(const char *line);

#endif
