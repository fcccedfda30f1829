/*
 * Whether the order ids that the database gives out are new to the topic. They are in a database
 * that is known (sql/migrations/015_order_ids.sql). In any other, a restored one or a promoted
 * standby, a thread reads the topic's order ids once, moves the sequence past them, and makes the
 * database known. Until then no session of the writer passes order_ids_check_session, so no order
 * is taken.
 *
 * Threads: order_ids_start makes the one that reads; close from main, the rest any.
 */
#ifndef ORDER_SERVICE_ORDER_IDS_H
#define ORDER_SERVICE_ORDER_IDS_H

#include <stdbool.h>

#include "common/base/metrics.h"
#include "common/kafka/kafka_settings.h"
#include "common/pg/pg.h"
#include "common/runtime/progress.h"

/* For every session that is checked. */
extern const struct pg_statement order_ids_statements[];

struct order_ids;

/* Looks at the database at once. database_url and kafka's strings are borrowed until close. */
MUST_CHECK enum status order_ids_start(struct order_ids **out, const char *database_url,
				       const struct kafka_settings *kafka, struct error *err);
void order_ids_close(struct order_ids *ids);

/* A pg_session_check, with the struct order_ids as context. ST_UNAVAILABLE: the database is not
 * known, and did not become so within a second. */
enum status order_ids_check_session(void *ids, struct pg *pg, struct error *err);

/* True if the database was known when last asked. */
bool order_ids_known(struct order_ids *ids);

/* Idle in a known database. NULL without ids. */
struct progress *order_ids_progress(struct order_ids *ids);

void order_ids_metrics(struct order_ids *ids, struct metrics_out *out);

#endif
