/*
 * The events that Kafka refused permanently: rows of the services' outbox_dead tables. Listed, or
 * put back into the outbox, whose relay then tries again.
 *
 * Needs the database's owner: the services' roles may not read these tables.
 *
 * Threads: main only; what was done is printed on stdout.
 */
#ifndef TOOLS_DEAD_LETTERS_OUTBOX_DEAD_H
#define TOOLS_DEAD_LETTERS_OUTBOX_DEAD_H

#include "common/base/error.h"
#include "common/pg/pg.h"

/* For the connection that each call opens. */
extern const struct pg_statement outbox_dead_statements[];

/* Errors as pg_run's. */
MUST_CHECK enum status outbox_dead_list(const char *database_url, struct error *err);

/* schema: "orders" or "delivery". All rows, in the order of their ids, in one transaction. */
MUST_CHECK enum status outbox_dead_put_back(const char *database_url, const char *schema,
					    struct error *err);

#endif
