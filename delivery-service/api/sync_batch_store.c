#include "delivery-service/api/sync_batch_store.h"

#include <inttypes.h>

#include "common/service/service_config.h"
#include "delivery-service/core/resequencer.h"
#include "delivery-service/store/batch_load.h"
#include "delivery-service/store/batch_save.h"

struct pg_config sync_batch_store_database(const char *url)
{
	static const struct pg_statement *const tables[] = { batch_load_statements,
							     batch_save_statements, NULL };

	return (struct pg_config){ url, "delivery-service sync", SERVICE_SCHEMA_DELIVERY, tables };
}

/* What would be a dead letter on the topic is an answer here. */
static enum status check_decisions(const struct delivery_batch *b, struct error *err)
{
	for (size_t i = 0; i < b->event_count; i++) {
		const struct order_event *e = b->events[i].record->event;
		const enum delivery_verdict verdict = b->events[i].decision.verdict;

		if (verdict == DELIVERY_UNKNOWN)
			return error_set(err, ST_NOT_FOUND,
					 "there is no delivery of order %" PRId64, e->order_id);
		if (verdict != DELIVERY_APPLY && verdict != DELIVERY_DUPLICATE)
			return error_set(err, ST_CONFLICT,
					 "version %d of order %" PRId64
					 " was applied before, as another change",
					 e->version, e->order_id);
	}
	return ST_OK;
}

static enum status apply(struct pg *pg, const char *replica, struct delivery_batch *b,
			 struct error *err)
{
	struct commit_plan nowhere = { 0 };
	struct batch_saving saving;

	if (batch_load(pg, NULL, &nowhere, b, err) != ST_OK)
		return err->status;
	resequencer_decide(b);
	if (check_decisions(b, err) != ST_OK) {
		pg_rollback(pg);
		return err->status;
	}
	if (batch_save(pg, NULL, replica, &nowhere, b, &saving, err) != ST_OK)
		return err->status;
	return batch_save_finish(pg, &saving, err);
}

enum status sync_batch_store_apply(struct pg *pg, const char *replica,
				   struct event_record *const *events, size_t count,
				   struct error *err)
{
	struct delivery_batch batch;
	enum status st = delivery_batch_init(&batch, false, events, count, NULL, 0, err);

	if (st != ST_OK)
		return st;
	st = apply(pg, replica, &batch, err);
	delivery_batch_fini(&batch);
	return st;
}
