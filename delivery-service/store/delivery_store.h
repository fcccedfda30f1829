/*
 * Deliveries in PostgreSQL: effect, history, position and outgoing events of a batch are one
 * transaction, so an event has its effect exactly once, or not yet.
 *
 * Threads: one owner (the delivery loop).
 */
#ifndef DELIVERY_SERVICE_STORE_DELIVERY_STORE_H
#define DELIVERY_SERVICE_STORE_DELIVERY_STORE_H

#include "common/base/error.h"
#include "common/pg/pg.h"
#include "delivery-service/core/commit_plan.h"

struct delivery_store;

/* For the session that delivery_store_open opens, with those of batch_load and batch_save. */
extern const struct pg_statement delivery_store_statements[];

struct delivery_store_config {
	const char *database_url;
	const char *topic; /* where events come from and go to */
	const char *replica;
	bool in_sequence; /* SEQUENCING=enforce */
	/* Told of each parked event that was decided at last, when that is committed. */
	void (*decided)(void *context, const struct event_record *record);
	void *context;
};

/* Strings and context are borrowed until close. */
MUST_CHECK enum status delivery_store_open(struct delivery_store **out,
					   const struct delivery_store_config *config,
					   struct error *err);
void delivery_store_close(struct delivery_store *store);

/*
 * Claims a partition: raises its epoch, so that whoever held it before can write no more, and says
 * how far it is (progress: owned by the caller; one never seen begins at 0).
 */
MUST_CHECK enum status delivery_store_claim(struct delivery_store *store, int32_t partition,
					    int64_t *epoch, struct offset_tracker *tracker,
					    struct error *err);

/*
 * The partition's log was made anew: nothing of it is done. ST_FENCED: it belongs to somebody else
 * now. ST_UNAVAILABLE: retry.
 */
MUST_CHECK enum status delivery_store_rewind(struct delivery_store *store, int32_t partition,
					     int64_t epoch, struct error *err);

#define DELIVERY_BATCH_MAX 1000

/* What a write did besides deciding its events. */
struct delivery_written {
	size_t resumed; /* parked events that were decided now */
	bool more;      /* further ones can be: delivery_store_resume */
};

/*
 * Writes the effects of events in their order, and the new positions, in one transaction.
 * Each event's decision is written. events may be none: then only the positions move.
 *
 * In two steps: decided and sent, and committed. Between them the database works, and the store
 * does nothing else; events are borrowed that long. A begin that is not ST_OK has no finish.
 * ST_FENCED: nothing is written; the positions marked fenced belong to somebody else now.
 * ST_UNAVAILABLE: retry. ST_INVALID: some event's data; write them one by one to find it.
 */
MUST_CHECK enum status delivery_store_begin(struct delivery_store *store, struct commit_plan *plan,
					    struct event_record **events, size_t event_count,
					    struct error *err);
MUST_CHECK enum status delivery_store_finish(struct delivery_store *store,
					     struct delivery_written *written, struct error *err);

/*
 * Applies parked events whose turn has come without an event that says so: their predecessor was
 * given up, or (all) for whatever reason. Without in_sequence that is every parked one.
 * Both steps; statuses as theirs.
 */
MUST_CHECK enum status delivery_store_resume(struct delivery_store *store, bool all,
					     struct delivery_written *written, struct error *err);

/* What is parked now, in this database, whoever parked it. */
struct delivery_parked {
	int64_t count;          /* at most 10000 are counted */
	int64_t oldest_wall_ms; /* when the oldest was parked ... */
	int64_t order_id;       /* ... its order, 0: nothing is parked ... */
	int64_t missing;        /* ... and the version that this order waits for */
};

MUST_CHECK enum status delivery_store_parked(struct delivery_store *store,
					     struct delivery_parked *parked, struct error *err);

#endif
