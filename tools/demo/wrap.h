/*
 * Text on a terminal: how many columns it takes, and where its lines break. Korean letters take two
 * columns. Pure, once the process has a UTF-8 locale (wrap_prepare).
 *
 * Threads: any, after wrap_prepare.
 */
#ifndef TOOLS_DEMO_WRAP_H
#define TOOLS_DEMO_WRAP_H

#include <stddef.h>

/* Letters are read as UTF-8, whatever the environment's locale is. From main, before all else. */
void wrap_prepare(void);

/* The columns of a text. A byte that begins no letter takes one, as a control character does. */
size_t wrap_columns(const char *text, size_t len);

/* The length of the beginning of text, in bytes, that fits in so many columns: whole letters. */
size_t wrap_fitting(const char *text, size_t len, size_t columns);

typedef void wrap_take(void *context, const char *line, size_t len);

/*
 * Gives text to take, line by line: broken at blanks, or inside a word that is longer than a line.
 * A newline ends a line. The first line has width columns, the others less those of the hang.
 */
void wrap_lines(const char *text, size_t width, size_t hang, wrap_take *take, void *context);

#endif
