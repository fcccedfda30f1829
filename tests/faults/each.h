/*
 * Plays each family of faults for a while, several at a time, and each mode and order among them.
 * Each run has a folder, ports and a log of its own. A run takes its time whatever the machine does
 * meanwhile: no verdict depends on how fast it is.
 *
 * Threads: main only; it starts one for each lane.
 */
#ifndef TESTS_FAULTS_EACH_H
#define TESTS_FAULTS_EACH_H

#include "tests/faults/settings.h"

/* Of each run: SEED and DURATION of the settings. The exit status of the program: 1 if one found a
 * violation. */
int each_run(const struct settings *settings);

#endif
