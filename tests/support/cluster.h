/*
 * PostgreSQL servers of a test's own, beside the shared one, for what would harm others: a server
 * that takes no writes, commits that hang. Migrated; both services' roles have the same password.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_CLUSTER_H
#define TESTS_SUPPORT_CLUSTER_H

#include <stdint.h>

#define CLUSTERS_MAX 2

/* Starts number (from 0 up) anew and returns its port; the test fails if it cannot. */
int cluster_start(int number);

/* The URL of the clusters with the ports, in that order, as the role; "" or "?name=value". */
const char *cluster_url(const char *role, int port, int other_port, const char *options);

/* One statement as the owner; its first value as a number, -1 without a row. */
int64_t cluster_sql(int number, const char *statement);

/* A setting of the whole server, at once; "default" takes it back. */
void cluster_set(int number, const char *setting, const char *value);

/* Stops what runs and removes the data. For a suite's .fini. */
void clusters_remove(void);

#endif
