/*
 * What all clients did together: the counts, the file of acknowledged operations for the history
 * checker, and the violations.
 * Invariant: an operation is in the file before its client asks for anything else.
 *
 * Threads: any, except open and close.
 */
#ifndef TOOLS_ORDER_CLIENTS_TALLY_H
#define TOOLS_ORDER_CLIENTS_TALLY_H

#include <stdint.h>
#include <stdio.h>

#include "common/base/error.h"

struct tally;

struct tally_counts {
	int64_t acknowledged; /* POST, PATCH, DELETE */
	int64_t reads;        /* GETs whose answer was as it must be */
	int64_t unanswered;   /* calls without an answer: refused, interrupted, too late */
	int64_t refused;      /* answers 5xx */
	int64_t retries;      /* calls made again */
	int64_t violations;
	int64_t longest_pause_ms;  /* between two acknowledgements, of whatever client */
	char first_violation[600]; /* its text; "" without one */
};

/* Appends to the file at path; log, borrowed until close, gets the violations. */
MUST_CHECK enum status tally_open(struct tally **out, const char *path, FILE *log,
				  struct error *err);
void tally_close(struct tally *tally);

/* An operation is acknowledged: the order has that version now. 0: it is cancelled. */
void tally_acknowledged(struct tally *tally, const char *method, int64_t order_id, int32_t version);

void tally_read(struct tally *tally);
void tally_retry(struct tally *tally);

/* An answer 5xx (status), or none (status 0). */
void tally_failure(struct tally *tally, int status);

/* Something that must never be seen: in the log at once. */
void tally_violation(struct tally *tally, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct tally_counts tally_counts(struct tally *tally);

#endif
