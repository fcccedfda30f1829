/*
 * The passwords of the stack's roles, as its scripts keep them ($RUN_DIR/pgpass).
 *
 * Threads: any.
 */
#ifndef TESTS_FAULTS_PASSWORDS_H
#define TESTS_FAULTS_PASSWORDS_H

#define PASSWORDS_SIZE 64

/* Calls take for each role. */
void passwords_each(const char *run_dir,
		    void (*take)(void *context, const char *role, const char *password),
		    void *context);

#endif
