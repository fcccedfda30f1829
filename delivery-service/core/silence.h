/*
 * For how long the database has not answered, and how long to wait for its next answer. Pure.
 * Invariant: what only reads says nothing of what cannot write.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_SILENCE_H
#define DELIVERY_SERVICE_CORE_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SILENCE_PATIENCE_MIN_MS 7000
#define SILENCE_PATIENCE_MAX_MS 15000

struct silence {
	int64_t since_mono_ms; /* the first call of those in a row had no answer; 0: none */
	int64_t ms;            /* from there to the end of the last one */
	bool of_write;         /* one of them was to write */
	int64_t patience_ms;   /* 0: the least */
};

/* How long a call may wait: twice as long after one that waited in vain, or a database that always
 * takes longer would never get on. */
int64_t silence_patience_ms(const struct silence *silence);

/* A call that began then ended now, with an answer or without. written: with one to a write. */
void silence_answered(struct silence *silence, int64_t took_ms, bool written);
void silence_failed(struct silence *silence, int64_t began_mono_ms, int64_t now_mono_ms,
		    bool writes);

#endif
