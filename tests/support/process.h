/*
 * The processes that the project's scripts started, or this program, found by their pid files (see
 * stack/process.sh): a pid file holds the pid and the process's start time, so a pid that the
 * system gave to somebody else counts as stale. A signal goes only to a process found this way.
 * No Criterion.
 *
 * Threads: any.
 */
#ifndef TESTS_SUPPORT_PROCESS_H
#define TESTS_SUPPORT_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The pid of the living process of that name; 0: there is none. */
pid_t process_find(const char *run_dir, const char *name);

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
