/*
 * stdout and stderr for a process that must never wait for whoever reads them: a pipe that nobody
 * empties, a terminal that is held, a disk that is full or hangs. Once a stream is started, a
 * thread of its own writes, and a line only goes into the thread's bounded buffer. What finds no
 * room is dropped and counted. From the first dropped line on all are, until what was there before
 * is written; then one line tells how many are missing, at the place where they are.
 *
 * No descriptor's flags are changed: they belong to its open file, which the process may share with
 * the shell that started it. A thread that waits costs nobody anything.
 *
 * Invariant: a line is written whole or not at all, and in one write(2) with whole lines only, of
 * PIPE_BUF bytes at most: processes that share a pipe do not mix their lines.
 *
 * Threads: output_start from main, before others use the stream; everything else from any.
 */
#ifndef COMMON_RUNTIME_OUTPUT_H
#define COMMON_RUNTIME_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum output_stream { OUTPUT_STDOUT = 0, OUTPUT_STDERR, OUTPUT_STREAM_COUNT };

/* A line at most, its newline included. */
#define OUTPUT_LINE_MAX 4096

/* Writes the line that tells of dropped ones, its newline included; returns its length. Runs on the
 * stream's thread. */
typedef size_t output_tell(int64_t dropped, char *line, size_t size);

/* Starts the stream's thread. tell NULL: losses are only counted. Without a thread the stream stays
 * as it was: lines are written by whoever has them, and may wait. */
void output_start(enum output_stream stream, output_tell *tell);

/* Puts a line, its newline included, and returns at once. False: it was dropped. Before
 * output_start it is written right here, after output_stop it is dropped. */
bool output_line(enum output_stream stream, const char *line, size_t len);

/* Lines that were dropped, or that the descriptor refused. */
int64_t output_dropped(enum output_stream stream);

/* Ends the threads of all streams, once everything is written and for timeout_ms at most: one that
 * hangs in its write is left to the process's end. */
void output_stop(int64_t timeout_ms);

#endif
