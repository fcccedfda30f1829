/*
 * The network among the brokers: of what one of three sends to another's listeners, packets are
 * dropped. A broker runs with a group of its own (see wrapper/main.c), which tells its packets from
 * those of others; its clients do not notice. Needs a network of the run's own (world.h).
 * Invariant: what is cut from one broker to another are the connections that the first one makes;
 * nothing passes between two of which each is cut from the other.
 *
 * Threads: any.
 */
#ifndef TESTS_FAULTS_PEERS_H
#define TESTS_FAULTS_PEERS_H

#include <sys/types.h>

#include "tests/faults/parts.h"
#include "tests/faults/settings.h"

gid_t peers_group(enum part broker);

/* Nothing goes from there to there. */
void peers_cut(const struct settings *settings, enum part from, enum part to, bool cut);

#endif
