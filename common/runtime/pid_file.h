/*
 * The processes that the project's scripts started, or this program, by their pid files:
 * RUN_DIR/pid/ NAME holds the pid and the process's start time (see stack/process.sh), so a pid
 * that the system gave to somebody else counts as gone.
 *
 * Threads: any.
 */
#ifndef COMMON_RUNTIME_PID_FILE_H
#define COMMON_RUNTIME_PID_FILE_H

#include <stdbool.h>
#include <sys/types.h>

/* Of /proc/PID/stat, see proc(5). */
struct pid_file_stat {
	char state;
	int parent;
	long thread_count;
	unsigned long long start_time;
};

/* The pid of the living process of that name; 0: there is none. A child of this program's that has
 * ended is reaped. */
pid_t pid_file_find(const char *run_dir, const char *name);

/* False: there is no such process. */
bool pid_file_read_stat(pid_t pid, struct pid_file_stat *out);

/* From a line of /proc/PID/stat. False: it is none. Pure. */
bool pid_file_parse_stat(const char *line, struct pid_file_stat *out);

/* Whether it has not ended. Pure. */
bool pid_file_lives(const struct pid_file_stat *stat);

#endif
