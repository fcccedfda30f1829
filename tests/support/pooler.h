/*
 * Debian's pgbouncer before the test's database, as a process that ends with the test. It logs in
 * as the service's role itself: a client needs no password. Its databases are named after the
 * roles.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_POOLER_H
#define TESTS_SUPPORT_POOLER_H

/* Starts one with pool_mode=mode; returns when it takes connections. */
int pooler_start(const char *mode);

/* SIGSTOP, SIGCONT, to the one that was started last: stopped, it takes connections and statements,
 * and answers none. */
void pooler_signal(int sig);

/* The URL of the test's database as the role, through the pooler at port. */
const char *pooler_url(const char *role, int port);

#endif
