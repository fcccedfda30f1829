/*
 * What is done to the processes that the project's scripts started, or this program. A signal goes
 * only to one that is found by its pid file (common/runtime/pid_file.h). No Criterion.
 *
 * Threads: any.
 */
#ifndef TESTS_SUPPORT_PROCESS_H
#define TESTS_SUPPORT_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Notes a process under that name, as the scripts do. False: it has ended, or it cannot be noted.
 */
bool process_note(const char *run_dir, const char *name, pid_t pid);

/* Sends the signal to the process of that name if its pid is still this one. */
bool process_signal(const char *run_dir, const char *name, pid_t pid, int sig);

/* The same for SIGSTOP and SIGCONT, with all its children (a server of PostgreSQL and its
 * sessions): stopped first, it makes no more of them; it goes on last. */
bool process_signal_tree(const char *run_dir, const char *name, pid_t pid, int sig);

/* Waits until the process of that name has another pid than this, or none; false: not within
 * timeout_ms. */
bool process_await_end(const char *run_dir, const char *name, pid_t pid, int64_t timeout_ms);

/* The pid of a process's parent; 0: there is no such process. */
pid_t process_parent(pid_t pid);

#endif
