/*
 * What happened, and when: lines on the screen, log/faults.log (a line for each fault and for each
 * healing), the violations, and how often each kind of fault happened.
 *
 * Threads: any, after journal_open.
 */
#ifndef TESTS_FAULTS_JOURNAL_H
#define TESTS_FAULTS_JOURNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/error.h"

#define JOURNAL_KINDS_MAX      64
#define JOURNAL_TEXT_SIZE      700
#define JOURNAL_VIOLATIONS_MAX 20 /* kept; all are counted */

struct journal {
	pthread_mutex_t mu;
	bool coloured;
	int64_t start_mono_ms;             /* guarded by mu, as all that follows */
	FILE *log;                         /* NULL: not open */
	int64_t faults[JOURNAL_KINDS_MAX]; /* by their row in the table of kinds */
	int64_t violation_count;
	char violations[JOURNAL_VIOLATIONS_MAX][JOURNAL_TEXT_SIZE]; /* the first ones */
};

/* For the screen. The seconds count from now. */
void journal_init(struct journal *journal);
void journal_fini(struct journal *journal);

/* path: of the log of the faults. */
MUST_CHECK enum status journal_open(struct journal *journal, const char *path, struct error *err);

/* The seconds count from now. */
void journal_restart(struct journal *journal);

/* A line without a time. */
void journal_line(struct journal *journal, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A line of its own in green (good) or red. */
void journal_verdict(struct journal *journal, bool good, const char *text);

/* A phase of the run, with the seconds since it began. */
void journal_progress(struct journal *journal, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A line in the log of the faults: what is a word such as "healed". */
void journal_note(struct journal *journal, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Of all kinds. */
int64_t journal_fault_count(struct journal *journal);

/* A fault has happened: it is counted, on the screen and in the log. kind: its row. */
void journal_fault(struct journal *journal, size_t kind, const char *name, int64_t acknowledged,
		   const char *text);

/* Something that must never happen. */
void journal_violation(struct journal *journal, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
