/*
 * The members of the group. Their positions are kept here, as the services' database keeps them: a
 * partition that moves is read on where it was left.
 *
 * Threads: one.
 */
#ifndef TESTS_DIFFERENTIAL_DIF_CONSUMER_H
#define TESTS_DIFFERENTIAL_DIF_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/simulation/sim_random.h"

/* topic is borrowed. */
void dif_consumer_begin(const char *topic, struct sim_random *random);
void dif_consumer_leave_all(int number);

/* One comes, goes, seeks or commits. Returns how many calls that were. */
int dif_consumer_step(int number, struct sim_random *random);

/* Until each partition has its member, and was read to its end; and prints what was given. */
void dif_consumer_settle(int number);
/* Until they know where the log begins now. */
void dif_consumer_await_start(int32_t partition);
bool dif_consumer_is_there(void);

#endif
