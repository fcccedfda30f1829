/*
 * Whether the order ids that the database gives out are new to the topic. They are in a database
 * that is known (sql/migrations/015_order_ids.sql). In any other, a restored one or a promoted
 * standby, a thread reads the topic's order ids once, moves the sequence past them, and makes the
 * database known. Until then no session of the writer passes order_ids_check_session, so no order
 * is taken.
 *
 * A database that went back without a sign, because an older copy of its files was put in its
 * place, is found by an order that this process has seen committed: the sequence is behind it, or
 * its row is missing. The thread looks each second for those of other replicas.
 *
 * Threads: order_ids_start makes the one that reads; close from main, the rest any.
 */
#ifndef ORDER_SERVICE_ORDER_IDS_H
#define ORDER_SERVICE_ORDER_IDS_H

#include <stdbool.h>

#include "common/base/metrics.h"
#include "common/kafka/kafka_settings.h"
#include "common/pg/pg_pool.h"
#include "common/runtime/progress.h"

struct order_ids;

/* Looks at the database at once. reads and the sessions that are checked have
 * known_database_statements. reads, database_url and kafka's strings are borrowed until close.
 * ST_INTERNAL: no memory, or no thread. */
MUST_CHECK enum status order_ids_start(struct order_ids **out, struct pg_pool *reads,
				       const char *database_url, const struct kafka_settings *kafka,
				       struct error *err);
void order_ids_close(struct order_ids *ids);

/* A pg_session_check, with the struct order_ids as context. ST_UNAVAILABLE: the database is not
 * known, and did not become so within a second. */
enum status order_ids_check_session(void *ids, struct pg *pg, struct error *err);

/* An order with this id is committed. */
void order_ids_committed(struct order_ids *ids, int64_t id);

/* True if the database was known when last asked. */
bool order_ids_known(struct order_ids *ids);

/* Idle in a known database. NULL without ids. */
struct progress *order_ids_progress(struct order_ids *ids);

void order_ids_metrics(struct order_ids *ids, struct metrics_out *out);

#endif
