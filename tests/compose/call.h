/*
 * Commands, and what they print: run->exit_status and run->answer are those of the last one. What
 * they say on stderr is in log/compose.log. An interrupted run cuts them off.
 *
 * Threads: main only.
 */
#ifndef TESTS_COMPOSE_CALL_H
#define TESTS_COMPOSE_CALL_H

#include <stdarg.h>
#include <stddef.h>

#include "common/runtime/command.h"
#include "tests/compose/run.h"

/* The command with its arguments, which NULL ends; false: its exit status is not 0. */
bool call_run(struct run *run, const char *program, ...) __attribute__((sentinel));

/* The same; arguments ends with NULL, input_path NULL: there is nothing to read. */
bool call_vector(struct run *run, const char *input_path, const char *const *arguments);

/* Puts further ones, which NULL ends, behind the first count of COMMAND_ARGUMENTS_MAX arguments;
 * returns how many they are then, without the NULL. */
size_t call_append(const char **arguments, size_t count, va_list ap);

/* The whole file, NUL-terminated, in the arena; "" without it. */
const char *call_file(const char *path);

/* Takes the first line off *text: in the arena; NULL: there is none. */
const char *call_line(const char **text);

/* How many lines the text has. */
int call_line_count(const char *text);

#endif
