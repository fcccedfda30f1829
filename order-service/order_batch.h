/*
 * What the rules make of a batch of commands, in memory, between order_store's two round trips:
 * several commands of one order see each other.
 *
 * Threads: a batch has one owner.
 */
#ifndef ORDER_SERVICE_ORDER_BATCH_H
#define ORDER_SERVICE_ORDER_BATCH_H

#include "common/outbox/outbox.h"
#include "order-service/order_command.h"

/* One order of the batch: loaded or placed, then changed by its commands in turn. */
struct order_working {
	struct order *order;         /* in loaded, or in the command that places it */
	const char *idempotency_key; /* of a new order */
	bool is_new, changed;
};

struct order_batch {
	struct order_command **commands; /* borrowed */
	size_t count, places;            /* of those, so many place an order */
	struct order_working *working;   /* sorted by id up to loaded_count, then the new ones */
	size_t loaded_count, working_count;
	struct order *loaded; /* owned */
	PGresult *by_key;     /* owned: keys and orders; NULL: no command has a key */
	struct outbox_batch events;

	/* What order_batch_decide was given. */
	const char *topic;
	const int64_t *ids;
	size_t *id_count;
};

/* False: out of memory; order_batch_fini is due then, too. */
bool order_batch_init(struct order_batch *b, struct order_command **commands, size_t count);
void order_batch_fini(struct order_batch *b);

/* Takes the orders to be changed, sorted by id. False: out of memory. */
bool order_batch_take(struct order_batch *b, const PGresult *rows);

/*
 * Answers the commands in their order; what is to be written stands in working and in events then.
 * New orders get the last of the ids, *id_count goes down; there are enough for all that place one.
 * False: out of memory.
 */
bool order_batch_decide(struct order_batch *b, const char *topic, const int64_t *ids,
			size_t *id_count);

#endif
