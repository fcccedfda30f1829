/*
 * Random calls on sessions of PostgreSQL, through common/pg/pg.h: delivery-services, relays and
 * order-services, each by the statements that it has. Seed and count decide all of it; every call
 * and every answer is a line on stdout, and the tables are at the end.
 *
 * A session that waits for a lock is left alone until it has it. At most a chain waits: where a
 * second session would wait for the same one, who comes first is no promise of PostgreSQL's.
 *
 * Threads: one.
 */
#ifndef TESTS_DIFFERENTIAL_DIF_PG_H
#define TESTS_DIFFERENTIAL_DIF_PG_H

#include <stdint.h>

void dif_pg_run(uint64_t seed, int calls);

#endif
