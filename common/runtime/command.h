/*
 * A program or script, run to its end or only started, in a session of its own, so that Ctrl-C on
 * the terminal does not cut it off in between. What it starts in the background lives on.
 *
 * Threads: any.
 */
#ifndef COMMON_RUNTIME_COMMAND_H
#define COMMON_RUNTIME_COMMAND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define COMMAND_ARGUMENTS_MAX 40

struct command {
	const char *arguments[COMMAND_ARGUMENTS_MAX]; /* the program's path first; NULL ends them */
	const char *input_path;                       /* stdin; NULL: nothing to read */
	const char *output_path; /* stdout is appended to it; NULL: the caller's stdout */
	const char *error_path;  /* stderr likewise; NULL: with stdout */
	int64_t timeout_ms;      /* then it is killed */
	const atomic_bool
		*cancel; /* once this is true it gets SIGTERM; NULL: it is never cancelled */
	void (*tick)(void *context); /* called again and again while it runs; NULL: nothing */
	void *context;
};

/* Its exit status; -1: it could not be started, or a signal ended it. */
int command_run(const struct command *command);

/* Starts it and does not wait for it; timeout_ms and cancel do not matter. False: it could not be
 * started. */
bool command_start(const struct command *command, pid_t *pid);

/* Copies the last bytes of a file to text, NUL-terminated: at most size - 1, and only what lies
 * behind offset from. */
void command_read_output(const char *path, int64_t from, char *text, size_t size);

/* The size of a file; 0 without it. */
int64_t command_output_size(const char *path);

/* The last line of text, without its end. Writes into text. */
const char *command_last_line(char *text);

#endif
