/*
 * The private PostgreSQL and Kafka of the test run, which tests/run.sh starts and whose addresses
 * it puts into the environment. Tests that stop one of them are alone: their binary runs with
 * --jobs 1, and stack_ensure brings back what a failed test left stopped.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_STACK_H
#define TESTS_SUPPORT_STACK_H

const char *stack_kafka(void);     /* bootstrap servers */
const char *stack_build_dir(void); /* where the services are */
const char *stack_run_dir(void);

/* The URL of a database as a role ("lab": the owner); in the arena. Passwords come by PGPASSFILE.
 */
const char *stack_database_url(const char *role, const char *database);

/* Each returns when it is done; the test fails if the script does. */
void broker_stop(void);
void broker_start(void);
void broker_replace(void); /* by an empty one */
void postgres_stop(void);
void postgres_start(void);
/* Keeps the files as they are now, and puts them back: what was committed in between never was. The
 * server is restarted either time. */
void postgres_copy(void);
void postgres_go_back(void);
void stack_ensure(void);

#endif
