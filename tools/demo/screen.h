/*
 * The terminal: lines that wrap at its width, colours, the bar of a wait. Colours and the live bar
 * are for a terminal; elsewhere every line is plain and final, and 80 columns wide at most.
 * NO_COLOR (no-color.org) turns the colours off. What is told needs no colour to be understood.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_DEMO_SCREEN_H
#define TOOLS_DEMO_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/demo/catalogue.h"

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_ORDER,    /* an event of order-service */
	STYLE_DELIVERY, /* an event of delivery-service */
	STYLE_GOOD,
	STYLE_BAD,
};

struct screen {
	FILE *out;
	const struct catalogue *texts;
	bool live, colour;
	bool bar; /* there is one on the screen */
	int64_t begin_mono_ms, bar_second;
};

/* Both are borrowed. */
void screen_init(struct screen *screen, FILE *out, const struct catalogue *texts);

/* As many columns as there are now: the terminal's, else COLUMNS, else 80. */
size_t screen_width(const struct screen *screen);

/* An empty line. */
void screen_gap(struct screen *screen);

/* A text of our own or from outside: control characters are shown as question marks. Lines after
 * the first are indented by hang. */
void screen_text(struct screen *screen, enum style style, size_t hang, const char *text);

/* A text of the catalogue, filled in as catalogue_add says. */
void screen_say_list(struct screen *screen, enum style style, const char *key,
		     const char *const *pairs);
#define screen_say(screen, style, key, ...)                                                        \
	screen_say_list(screen, style, key, (const char *const[]){ __VA_ARGS__ })

/* The same with the seconds since the beginning: what has been reached. */
void screen_progress_list(struct screen *screen, const char *key, const char *const *pairs);
#define screen_progress(screen, key, ...)                                                          \
	screen_progress_list(screen, key, (const char *const[]){ __VA_ARGS__ })

/* The heading of a step, across the screen. */
void screen_heading(struct screen *screen, const char *text);

/* A command, as the user would type it; a long one goes on behind a backslash. */
void screen_command(struct screen *screen, const char *command);

/* One part of a line that is put together, in its style; no newline. */
void screen_part(struct screen *screen, enum style style, const char *text, size_t len);
void screen_end_line(struct screen *screen);

/* How far a wait is: a bar that is drawn over itself, or a line every two seconds. */
void screen_wait(struct screen *screen, const char *text, int64_t done_ms, int64_t total_ms);
void screen_wait_over(struct screen *screen);

#endif
