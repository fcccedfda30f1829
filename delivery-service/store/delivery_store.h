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
#include "delivery-service/core/delivery_batch.h"

struct delivery_store;

/* The store's own, and all of the session that delivery_store_open opens. */
extern const struct pg_statement delivery_store_statements[];
extern const struct pg_statement *const delivery_store_tables[];

struct delivery_store_config {
	const char *database_url;
	const char *topic; /* where events come from and go to */
	const char *replica;
	bool in_sequence; /* SEQUENCING=enforce */
};

/* Strings are borrowed until close. Connects at the first use. ST_INVALID: database_url.
 * ST_INTERNAL: out of memory. */
MUST_CHECK enum status delivery_store_open(struct delivery_store **out,
					   const struct delivery_store_config *config,
					   struct error *err);
void delivery_store_close(struct delivery_store *store);

#define DELIVERY_SILENCE_MAX_MS 5000 /* another replica may fare better */

/* For how long no call has had an answer, and no write while one of them was to write. 0: the last
 * had one. */
int64_t delivery_store_silence_ms(const struct delivery_store *store);

/* Whether the database takes a write now (pg_write_probe.h). */
MUST_CHECK enum status delivery_store_try_write(struct delivery_store *store, struct error *err);

/*
 * Claims a partition: raises its epoch, so that whoever held it before can write no more, and says
 * how far it is (tracker: owned by the caller; one never seen begins at 0). claim->epoch: the
 * latest that the caller knows of, 0: none. claim->number is drawn here, and means nothing after an
 * error. A database that has forgotten a claim never gives its epoch to the same caller again. It
 * may give it to another, whose number differs.
 */
MUST_CHECK enum status delivery_store_claim(struct delivery_store *store, int32_t partition,
					    struct partition_claim *claim,
					    struct offset_tracker *tracker, struct error *err);

/* As the database has it; -1: it does not know the partition. */
struct delivery_position {
	int64_t next_offset, epoch, commits, claim;
};

/* Those of count partitions, in one round trip. */
MUST_CHECK enum status delivery_store_positions(struct delivery_store *store,
						const int32_t *numbers, size_t count,
						struct delivery_position *positions,
						struct error *err);

/*
 * The partition's topic was re-created: nothing of it is done. ST_FENCED: it belongs to somebody
 * else now. ST_UNAVAILABLE: retry.
 */
MUST_CHECK enum status delivery_store_rewind(struct delivery_store *store, int32_t partition,
					     struct partition_claim claim, struct error *err);

/* The same log is to be read again from offset on: nothing there is done any more. What had its
 * effect is known further. commits: how many there are then. Errors: as above. */
MUST_CHECK enum status delivery_store_reread(struct delivery_store *store, int32_t partition,
					     struct partition_claim claim, int64_t offset,
					     int64_t *commits, struct error *err);

/*
 * A batch is one transaction and takes two round trips: load begins it, moves the positions of plan
 * and reads what deciding needs; save writes what was decided. Between the two load_parked may
 * bring back parked events (see batch_parked.h). Between save and finish the database works, and
 * the store does nothing else. What is not ST_OK has ended the transaction: nothing is written.
 * ST_FENCED: the entries marked fenced belong to somebody else now, or the database has
 * forgotten what was committed of them. ST_UNAVAILABLE: retry.
 * ST_INVALID: some event's data; write them one by one to find it.
 */
MUST_CHECK enum status delivery_store_load(struct delivery_store *store, struct commit_plan *plan,
					   struct delivery_batch *batch, struct error *err);
MUST_CHECK enum status delivery_store_load_parked(struct delivery_store *store,
						  struct delivery_batch *batch, int32_t limit,
						  struct error *err);
MUST_CHECK enum status delivery_store_save(struct delivery_store *store,
					   const struct commit_plan *plan,
					   struct delivery_batch *batch, struct error *err);
MUST_CHECK enum status delivery_store_finish(struct delivery_store *store, struct error *err);

#define DELIVERY_RESUME_MAX 100 /* orders that are resumed in one transaction */

/*
 * Orders with parked events whose turn has come without an event that says so: their predecessor
 * was skipped, or (all) for whatever reason. Without in_sequence every order with parked events.
 */
MUST_CHECK enum status delivery_store_resumable(struct delivery_store *store, bool all,
						int64_t ids[DELIVERY_RESUME_MAX], size_t *count,
						struct error *err);

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
