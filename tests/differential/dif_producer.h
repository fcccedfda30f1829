/*
 * The producers of a run: two without transactions; two that share a transactional id, and one with
 * an id of its own.
 *
 * Threads: one.
 */
#ifndef TESTS_DIFFERENTIAL_DIF_PRODUCER_H
#define TESTS_DIFFERENTIAL_DIF_PRODUCER_H

#include <stdbool.h>

#include "tests/simulation/sim_random.h"

/* topic: of the events; states: where a transaction also writes. Both are borrowed. */
void dif_producer_open_all(const char *topic, const char *states);
void dif_producer_close_all(void);

/* One of them does something. Returns how many calls that were. */
int dif_producer_step(int number, struct sim_random *random);
/* What is open is ended, by who takes its id. */
void dif_producer_end_open(int number);
/* The partitions are others now: producers that know the old ones are abandoned. */
void dif_producer_renew(void);

/* A transaction with records is open. */
bool dif_producer_has_open(void);

#endif
