/*
 * For how long a relay may hold the lease while Kafka takes nothing from it, although another relay
 * is there: longer each time that the lease came back, since then the others did not fare better.
 * Pure.
 *
 * Threads: one owner.
 */
#ifndef COMMON_OUTBOX_RELAY_PATIENCE_H
#define COMMON_OUTBOX_RELAY_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#define RELAY_PATIENCE_MIN_MS 10000 /* a partition's leader is replaced within that */
#define RELAY_PATIENCE_MAX_MS 40000

struct relay_patience {
	int64_t since_mono_ms; /* Kafka has taken nothing that it was to take; 0: it does */
	int64_t limit_ms;      /* 0: the least */
};

/* Kafka took something. */
void relay_patience_renew(struct relay_patience *patience);

/* It is to take something, or nothing any more. */
void relay_patience_begin(struct relay_patience *patience, int64_t now_mono_ms);
void relay_patience_rest(struct relay_patience *patience);

bool relay_patience_is_over(const struct relay_patience *patience, int64_t now_mono_ms);

/* The lease was given up for it. */
void relay_patience_lost(struct relay_patience *patience);

#endif
