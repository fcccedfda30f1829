/*
 * SQL on the test's own database, as its owner, and as the services' roles.
 *
 * A database made from a template lacks the roles' settings for it (alter role ... in database is
 * no part of a template): sql_database_create gives them again.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_SQL_H
#define TESTS_SUPPORT_SQL_H

#include <stdint.h>

/* A copy of the migrated database, on which all that follows works. */
void sql_database_create(const char *name);
/* Ends the owner's connection and drops the database; failures are not the test's. */
void sql_database_drop(void);

/* As an operator does it: pg_dump into a file, and pg_restore of that file. A restore over the
 * database replaces its tables; otherwise it goes into a new one of the same name, which nobody is
 * connected to, and where the roles have no settings. */
void sql_database_dump(const char *path);
void sql_database_restore(const char *path);
void sql_database_restore_over(const char *path);

/* The first column of the first row; the test fails on an error. No row or null: -1 and "". */
int64_t sql_number(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *sql_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void sql_run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Sessions of the test's database that wait for a lock. */
int64_t sql_waiting_sessions(void);

/* Ends them: their transactions never were. */
void sql_end_waiting_sessions(void);

/* The SQLSTATE with which the database refuses the statement to the role; "" if it does not. */
const char *sql_refusal(const char *role, const char *statement);

#endif
