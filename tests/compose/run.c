#include "tests/compose/run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/arena.h"

#define HEADING_WIDTH 94
#define TEXT_SIZE     700
#define DIM           "\033[2m"
#define BOLD          "\033[1m"
#define RED           "\033[31m"
#define PLAIN         "\033[0m"

/* The code on a terminal that shows colours, else nothing. */
static const char *colour(const char *code)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
	bool coloured = isatty(STDOUT_FILENO) && (!no_color || !*no_color) && terminal &&
			strcmp(terminal, "dumb") != 0;

	return coloured ? code : "";
}

const char *run_path(const struct run *run, const char *name)
{
	return arena_format("%s/%s", run->dir, name);
}

void run_heading(const char *text)
{
	size_t len = strlen(text);

	printf("\n%s== %s ", colour(BOLD), text);
	for (size_t i = len + 4; i < HEADING_WIDTH; i++)
		(void)putchar('=');
	(void)puts(colour(PLAIN));
	(void)fflush(stdout);
}

void run_line(const char *text)
{
	(void)puts(text);
	(void)fflush(stdout);
}

static void show(const struct run *run, const char *text)
{
	int64_t tenths = (mono_ms() - run->start_mono_ms) / 100;

	printf("%s[%3" PRId64 ".%" PRId64 " s]%s %s\n", colour(DIM), tenths / 10, tenths % 10,
	       colour(PLAIN), text);
	(void)fflush(stdout);
}

void run_progress(const struct run *run, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	show(run, text);
}

void run_expect(struct run *run, bool holds, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	if (run_is_interrupted(run))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (holds) {
		run->passed++;
		show(run, arena_format("ok: %s", text));
		return;
	}
	run->failed++;
	show(run, arena_format("%sFAILED: %s%s", colour(RED), text, colour(PLAIN)));
	if (*run->answer)
		run_line(run->answer);
}

bool run_is_interrupted(const struct run *run)
{
	return atomic_load(&run->interrupted) && !run->closing;
}

enum status run_timed_out(int seconds, const char *what, struct error *err)
{
	return error_set(err, ST_TIMEOUT, "timed out after %d s waiting until %s", seconds, what);
}
