/*
 * Load on the order API by clients that know what they were promised, and the history checker's
 * verdict on it.
 *
 * Threads: main only; the clients have their own.
 */
#ifndef TESTS_COMPOSE_LOAD_H
#define TESTS_COMPOSE_LOAD_H

#include <stddef.h>

#include "tests/compose/run.h"

/* Clients that place, change and cancel orders; returns when they have begun. */
enum status load_begin(struct run *run, const int *ports, size_t port_count, struct error *err);

/* Waits until so many more operations are acknowledged. */
enum status load_flows(struct run *run, int64_t count, struct error *err);

/* Runs the history checker with what was acknowledged, the file at path; true: it finds nothing. */
typedef bool load_checker(struct run *run, const char *path);

/* No more load: expects that every answer was as it must be, and that the checker finds nothing. */
enum status load_expect_history(struct run *run, load_checker *check, struct error *err);

/* Ends it in whatever state; nothing without a load. */
void load_close(struct run *run);

#endif
