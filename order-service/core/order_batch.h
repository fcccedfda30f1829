/*
 * What the rules make of a batch of commands, in memory, between order_store's two round trips:
 * several commands of one order see each other. Pure: rows come in as orders, and what is to be
 * written goes out as orders and events.
 *
 * Threads: a batch has one owner.
 */
#ifndef ORDER_SERVICE_CORE_ORDER_BATCH_H
#define ORDER_SERVICE_CORE_ORDER_BATCH_H

#include "common/base/error.h"
#include "order-service/core/order_command.h"
#include "order-service/core/order_key.h"

/* One order of the batch: loaded or placed, then changed by its commands in turn. */
struct order_working {
	struct order *order;         /* in loaded, or in the command that places it */
	const char *idempotency_key; /* of a new order */
	int64_t fingerprint;         /* with a key */
	bool is_new, changed;
};

/* A change's event, encoded. */
struct order_batch_event {
	int64_t order_id;
	enum event_type type;
	char *payload;             /* owned */
	const struct trace *trace; /* of its command */
};

struct order_batch {
	struct order_command **commands; /* borrowed */
	size_t count, places;            /* of those, so many place an order */

	/* What is stored, put there by the owner before the decision. Both owned. */
	struct order *loaded; /* to be changed, sorted by id */
	size_t loaded_count;
	struct order_by_key *by_key;
	size_t by_key_count;

	/* What is to be written: the working orders that are new or changed, and the events. */
	struct order_working *working; /* those of loaded, then the new ones */
	size_t working_count;
	struct order_batch_event *events; /* in the order of their commands */
	size_t event_count;
};

/* False: out of memory; order_batch_fini is due then, too. */
MUST_CHECK bool order_batch_init(struct order_batch *b, struct order_command **commands,
				 size_t count);
void order_batch_fini(struct order_batch *b);

/* Room for count rows, to be filled by the caller. At most once each. False: out of memory. */
MUST_CHECK bool order_batch_load(struct order_batch *b, size_t count);
MUST_CHECK bool order_batch_load_by_key(struct order_batch *b, size_t count);

/*
 * Answers the commands in their order; what is to be written stands in working and in events then.
 * New orders get the last of the ids, *id_count goes down; there are enough for all that place one.
 * now_wall_ms: the events' timestamp. False: out of memory.
 */
MUST_CHECK bool order_batch_decide(struct order_batch *b, int64_t now_wall_ms, const int64_t *ids,
				   size_t *id_count);

#endif
