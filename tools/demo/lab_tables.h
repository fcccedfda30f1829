/*
 * What the lab reads of the tables, as their owner.
 *
 * Threads: main.
 */
#ifndef TOOLS_DEMO_LAB_TABLES_H
#define TOOLS_DEMO_LAB_TABLES_H

#include "tools/demo/lab.h"

extern const struct pg_statement lab_tables_statements[];
extern const struct pg_statement *const lab_tables[];

/* Everything about the order: what came of the topic, its history and its row. */
MUST_CHECK enum status lab_tables_facts(struct lab *lab, int64_t order, struct order_facts *facts,
					struct error *err);

/* Shows the newest rows of delivery_table up to this order's, as psql would; on a narrow screen
 * without the columns that never change. */
MUST_CHECK enum status lab_tables_show_rows(struct lab *lab, int64_t order, struct error *err);

/* Shows which replica has which partition. */
MUST_CHECK enum status lab_tables_show_owners(struct lab *lab, struct error *err);

#endif
