/*
 * Waiting times between tries: exponential with a cap, each drawn from its upper half ("equal
 * jitter": M. Brooker, Exponential Backoff And Jitter), so that replicas do not return in step.
 * Pure: the caller brings the randomness.
 *
 * Threads: one owner.
 */
#ifndef COMMON_BASE_BACKOFF_H
#define COMMON_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t base_ms; /* the first wait's upper bound */
	int64_t cap_ms;  /* no wait is longer */
	unsigned tries;  /* failed tries in a row; 0 after a success */
};

/* The next wait, in [bound/2, bound] with bound = min(cap, base * 2^tries); counts the try. */
int64_t backoff_next_ms(struct backoff *b, uint32_t random);

void backoff_reset(struct backoff *b);

#endif
