/*
 * Orders in PostgreSQL, writing side. Every change is written together with its event in the
 * outbox.
 *
 * Threads: one owner (the writer). Reads are in order_read.h.
 */
#ifndef ORDER_SERVICE_ORDER_STORE_H
#define ORDER_SERVICE_ORDER_STORE_H

#include "common/pg/pg.h"
#include "order-service/core/order_batch.h"
#include "order-service/core/order_command.h"
#include "order-service/order_ids.h"

struct order_store;

/* For the session that order_store_open opens, with outbox_statements. */
extern const struct pg_statement order_store_statements[];

/* database_url, topic and ids (NULL: any database will do) are borrowed until close. Connects at
 * the first use. ST_INVALID: database_url. ST_INTERNAL: out of memory. */
MUST_CHECK enum status order_store_open(struct order_store **out, const char *database_url,
					const char *topic, struct order_ids *ids,
					struct error *err);
void order_store_close(struct order_store *store);

/*
 * Instead of the outbox: called with the events of each batch after its orders were read, before
 * anything of it is written. What is not ST_OK is the batch's end, and order_store_apply's status.
 * It is called again with other ids if another replica placed an order with one of the batch's keys
 * in the meantime. ST_INVALID: one of the events is at fault. ST_REFUSED, ST_TIMEOUT: none of
 * others would be delivered either.
 */
typedef enum status order_store_deliver(void *context, const struct order_batch_event *events,
					size_t count, struct error *err);

/* Before the first use. context is borrowed until close. */
void order_store_deliver_by(struct order_store *store, order_store_deliver *deliver, void *context);
bool order_store_delivers(const struct order_store *store);

#define ORDER_BATCH_MAX 500

/*
 * Applies the commands in their order, in one transaction, and answers each on its own: one that
 * fails (not found, wrong version) leaves its neighbours untouched. Returns ST_OK when every
 * command is answered and what succeeded is committed. On anything else nothing is stored, and
 * no command is answered, except that after ST_UNAVAILABLE the outcome is unknown: a client may
 * ask again (PLACE: with the same idempotency key). The database has until *deadline_mono_ms, which
 * moves on by the time of a delivery. count is 1 to ORDER_BATCH_MAX.
 */
MUST_CHECK enum status order_store_apply(struct order_store *store, struct order_command **commands,
					 size_t count, int64_t *deadline_mono_ms,
					 struct error *err);

#endif
