/*
 * The figures of a run and its verdict, as a table on the screen.
 *
 * Threads: main only.
 */
#ifndef TESTS_FAULTS_RESULT_H
#define TESTS_FAULTS_RESULT_H

#include "tests/faults/verdict.h"

void result_show(struct run *run, const struct verdict *verdict);

#endif
