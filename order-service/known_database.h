/*
 * Which database order-service works in, and how far its order ids are drawn: what order_ids asks
 * and writes there. What makes a database known is in sql/migrations/015_order_ids.sql.
 *
 * Threads: a session has one owner; known_database_highest any.
 */
#ifndef ORDER_SERVICE_KNOWN_DATABASE_H
#define ORDER_SERVICE_KNOWN_DATABASE_H

#include <stdbool.h>

#include "common/pg/pg_pool.h"

/* For every session and pool below. */
extern const struct pg_statement known_database_statements[];

struct known_database {
	bool known;
	bool went_back; /* it has lost the committed order, and nobody has noticed yet */
	int64_t drawn;  /* the last order id that was drawn */
};

/* committed: an order that was seen committed; 0: none was. Errors here and below as pg_run. */
MUST_CHECK enum status known_database_ask(struct pg *pg, int64_t committed,
					  struct known_database *found, struct error *err);

/* Of the orders that are committed; 0: there is none. */
MUST_CHECK enum status known_database_highest(struct pg_pool *pool, int64_t *highest,
					      struct error *err);

/* From now on it is known to nobody. */
MUST_CHECK enum status known_database_forget(struct pg *pg, struct error *err);

/*
 * Moves the ids past highest and writes down which database this is, unless somebody just did.
 * *moved_to: the id behind which they go on; 0: they were not moved.
 */
MUST_CHECK enum status known_database_record(struct pg *pg, int64_t highest, int64_t *moved_to,
					     struct error *err);

#endif
