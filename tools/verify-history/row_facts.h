/*
 * What a row says, as facts. The columns are those of the statements in read_tables.c.
 *
 * Threads: one owner of the history.
 */
#ifndef TOOLS_VERIFY_HISTORY_ROW_FACTS_H
#define TOOLS_VERIFY_HISTORY_ROW_FACTS_H

#include <libpq-fe.h>

#include "tools/verify-history/history.h"

/* Puts a row into the history. */
typedef void row_facts_take(struct history *h, const PGresult *rows, int row);

row_facts_take row_facts_order;
row_facts_take row_facts_effect;
row_facts_take row_facts_delivery;
row_facts_take row_facts_skipped;
row_facts_take row_facts_parked;
row_facts_take row_facts_refused; /* of an outbox */
row_facts_take row_facts_waiting; /* likewise */
row_facts_take row_facts_position;

#endif
