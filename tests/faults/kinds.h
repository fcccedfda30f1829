/*
 * The table of the kinds of faults, a row each. A new fault is a row here, its functions in
 * break.h, and nothing else: the plan draws it by its weight.
 */
#ifndef TESTS_FAULTS_KINDS_H
#define TESTS_FAULTS_KINDS_H

#include "tests/faults/plan.h"

extern const struct fault_kind kinds_table[];
extern const size_t kinds_count; /* at most JOURNAL_KINDS_MAX */

#endif
