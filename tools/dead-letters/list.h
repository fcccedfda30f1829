/*
 * What make dead-letters prints of the dead-letter topic: a table, or one letter in full.
 *
 * Threads: main only.
 */
#ifndef TOOLS_DEAD_LETTERS_LIST_H
#define TOOLS_DEAD_LETTERS_LIST_H

#include "tools/dead-letters/letters.h"

MUST_CHECK enum status list_all(struct letters *l, struct error *err);

/* Errors as letters_find's. */
MUST_CHECK enum status list_one(struct letters *l, const struct letter_number *number,
				struct error *err);

#endif
