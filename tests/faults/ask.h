/*
 * A GET to a service of the stack, on 127.0.0.1.
 *
 * Threads: any. curl_global_init comes first.
 */
#ifndef TESTS_FAULTS_ASK_H
#define TESTS_FAULTS_ASK_H

/* The body, owned by the caller, and the status in *status; no answer within a second: the status
 * is 0. NULL: out of memory. */
char *ask_get(int port, const char *path, long *status);

#endif
