/*
 * Connections that nothing gets through any more, and whose other end never hears of an end: what a
 * firewall or a cut network leaves of them. Nothing arrives at the server's end of the test's
 * database sessions, whatever the client's end does.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_HALF_OPEN_H
#define TESTS_SUPPORT_HALF_OPEN_H

#include <stdbool.h>
#include <sys/types.h>

/* Takes the rights of root, or the server's user. */
bool half_open_possible(void);

/* All connections over TCP of the process become such; for as long as they last. */
void half_open_cut(pid_t pid);

#endif
