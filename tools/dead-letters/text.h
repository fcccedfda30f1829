/*
 * Bytes from outside, on stdout: what is no printable UTF-8 comes as \xNN, so that a message can
 * neither break the table nor command the terminal.
 *
 * Threads: main only.
 */
#ifndef TOOLS_DEAD_LETTERS_TEXT_H
#define TOOLS_DEAD_LETTERS_TEXT_H

#include <stddef.h>

/* At most max characters, cut with "..."; bytes NULL: "-". Returns the characters put. */
size_t text_cut(const void *bytes, size_t len, size_t max);

/* The same, filled with spaces up to width, and a space behind it. */
void text_cell(const void *bytes, size_t len, size_t width);

/* All of it, its line breaks included, and a newline. bytes NULL: "(null)". */
void text_whole(const void *bytes, size_t len);

#endif
