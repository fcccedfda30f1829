#include "tests/faults/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/clock.h"

#define DIM   "\033[2m"
#define RED   "\033[31m"
#define GREEN "\033[32m"
#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

void journal_init(struct journal *journal)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	*journal = (struct journal){ .start_mono_ms = clock_mono_ms() };
	(void)pthread_mutex_init(&journal->mu, NULL);
	journal->coloured = isatty(STDOUT_FILENO) && (!no_color || !*no_color) && terminal &&
			    strcmp(terminal, "dumb") != 0;
}

void journal_fini(struct journal *journal)
{
	if (journal->log)
		(void)fclose(journal->log);
	(void)pthread_mutex_destroy(&journal->mu);
}

enum status journal_open(struct journal *journal, const char *path, struct error *err)
{
	journal->log = fopen(path, "ae");
	return journal->log ? ST_OK
			    : error_set(err, ST_INTERNAL, "%s cannot be written: %s", path,
					strerror(errno));
}

void journal_restart(struct journal *journal)
{
	(void)pthread_mutex_lock(&journal->mu);
	journal->start_mono_ms = clock_mono_ms();
	(void)pthread_mutex_unlock(&journal->mu);
}

static const char *colour(const struct journal *journal, const char *code)
{
	return journal->coloured ? code : "";
}

/* Seconds since the start, in tenths. The mutex is held. */
static int64_t elapsed_tenths(const struct journal *journal)
{
	return (clock_mono_ms() - journal->start_mono_ms) / 100;
}

/* A line of the screen with its time. The mutex is held. */
static void show(const struct journal *journal, const char *before, const char *text)
{
	int64_t tenths = elapsed_tenths(journal);

	printf("%s[%3" PRId64 ".%" PRId64 " s]%s %s%s%s\n", colour(journal, DIM), tenths / 10,
	       tenths % 10, colour(journal, PLAIN), before, text,
	       *before ? colour(journal, PLAIN) : "");
	(void)fflush(stdout);
}

/* A line of the log. The mutex is held. */
static void note(const struct journal *journal, const char *what, const char *text)
{
	int64_t tenths = elapsed_tenths(journal);

	if (!journal->log)
		return;
	(void)fprintf(journal->log, "%" PRId64 ".%" PRId64 " %s %s\n", tenths / 10, tenths % 10,
		      what, text);
	(void)fflush(journal->log);
}

#define FORMAT(text, fmt)                                                                          \
	char text[JOURNAL_TEXT_SIZE];                                                              \
	va_list ap;                                                                                \
                                                                                                   \
	va_start(ap, fmt);                                                                         \
	(void)vsnprintf(text, sizeof(text), fmt, ap);                                              \
	va_end(ap);                                                                                \
	(void)pthread_mutex_lock(&journal->mu)

void journal_line(struct journal *journal, const char *fmt, ...)
{
	FORMAT(text, fmt);
	(void)puts(text);
	(void)fflush(stdout);
	(void)pthread_mutex_unlock(&journal->mu);
}

void journal_verdict(struct journal *journal, bool good, const char *text)
{
	journal_line(journal, "%s%s%s%s", colour(journal, good ? GREEN : RED),
		     colour(journal, BOLD), text, colour(journal, PLAIN));
}

void journal_progress(struct journal *journal, const char *fmt, ...)
{
	FORMAT(text, fmt);
	show(journal, "", text);
	(void)pthread_mutex_unlock(&journal->mu);
}

void journal_note(struct journal *journal, const char *what, const char *fmt, ...)
{
	FORMAT(text, fmt);
	note(journal, what, text);
	(void)pthread_mutex_unlock(&journal->mu);
}

int64_t journal_fault_count(struct journal *journal)
{
	int64_t sum = 0;

	(void)pthread_mutex_lock(&journal->mu);
	for (size_t i = 0; i < JOURNAL_KINDS_MAX; i++)
		sum += journal->faults[i];
	(void)pthread_mutex_unlock(&journal->mu);
	return sum;
}

void journal_fault(struct journal *journal, size_t kind, const char *name, int64_t acknowledged,
		   const char *text)
{
	char line[JOURNAL_TEXT_SIZE + 40];

	(void)snprintf(line, sizeof(line), "%7" PRId64 " acknowledged | %s", acknowledged, text);
	(void)pthread_mutex_lock(&journal->mu);
	journal->faults[kind]++;
	note(journal, name, text);
	show(journal, "", line);
	(void)pthread_mutex_unlock(&journal->mu);
}

void journal_violation(struct journal *journal, const char *fmt, ...)
{
	char before[40];

	FORMAT(text, fmt);
	(void)snprintf(before, sizeof(before), "%sVIOLATION: ", colour(journal, RED));
	show(journal, before, text);
	note(journal, "violation", text);
	if (journal->violation_count < JOURNAL_VIOLATIONS_MAX)
		memcpy(journal->violations[journal->violation_count], text, sizeof(text));
	journal->violation_count++;
	(void)pthread_mutex_unlock(&journal->mu);
}
