/*
 * Ports for what a test's programs start themselves.
 *
 * Threads: any.
 */
#ifndef TESTS_SUPPORT_PORTS_H
#define TESTS_SUPPORT_PORTS_H

#include <stdbool.h>

/* Nobody listens on any of so many in a row. */
bool ports_are_free(int first, int count);

/* The first of so many free ones in a row, below the ephemeral ones; the test fails without. */
int ports_free(int count);

/* A socket of the test's own that listens on 127.0.0.1; the test fails without. *port: the kernel's
 * choice. */
int ports_listen(int *port);

#endif
