/*
 * The arena of a test: what its helpers hand out (texts, answers, JSON) lives until the test ends.
 * Tests then need no frees, and the leak checker of a sanitized build still sees what the project
 * itself leaks.
 *
 * Threads: any.
 */
#ifndef TESTS_SUPPORT_ARENA_H
#define TESTS_SUPPORT_ARENA_H

#include <jansson.h>
#include <stddef.h>

/* size zeroed bytes; never NULL (the test process ends without memory). */
void *arena_alloc(size_t size);

/* A NUL-terminated copy of bytes[0..len). */
char *arena_copy(const void *bytes, size_t len);

char *arena_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Takes root (may be NULL) and returns it. */
json_t *arena_json(json_t *root);

/* Frees all of it. */
void arena_release(void);

#endif
