/*
 * Sessions of PostgreSQL against the connections that the services have: a session more is one that
 * a service has forgotten, or that its network has lost, and that PostgreSQL still keeps.
 *
 * Threads: any.
 */
#ifndef TESTS_FAULTS_SESSIONS_H
#define TESTS_FAULTS_SESSIONS_H

#include "tests/faults/run.h"

/* Those of the services' roles; -1: the database does not answer. */
int64_t sessions_of_server(const struct run *run);

/* Established connections of the services that run to PostgreSQL's port. */
int64_t sessions_of_services(const struct run *run);

#endif
