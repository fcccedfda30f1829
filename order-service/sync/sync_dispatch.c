#include "order-service/sync/sync_dispatch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/event/event_json.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "order-service/sync/delivery_call.h"
#include "order-service/sync/sync_store.h"

struct direct_road {
	const char *database_url;
	struct delivery_target delivery;
	_Atomic bool stopping;
	pthread_mutex_t mu;
	int64_t next_complaint_mono_ms; /* guarded by mu */
};

enum status direct_road_open(struct direct_road **out, const struct direct_road_config *config,
			     struct error *err)
{
	struct direct_road *road = calloc(1, sizeof(*road));

	if (!road)
		return error_set(err, ST_INTERNAL, "out of memory");
	road->database_url = config->database_url;
	if (delivery_target_init(&road->delivery, config->delivery_url, config->timeout_ms,
				 &road->stopping, err) != ST_OK) {
		free(road);
		return err->status;
	}
	(void)pthread_mutex_init(&road->mu, NULL);
	*out = road;
	return ST_OK;
}

void direct_road_stop(struct direct_road *road)
{
	if (road)
		atomic_store(&road->stopping, true);
}

void direct_road_close(struct direct_road *road)
{
	if (!road)
		return;
	delivery_target_fini(&road->delivery);
	(void)pthread_mutex_destroy(&road->mu);
	free(road);
}

static void complain(struct direct_road *road, const struct error *err)
{
	bool due;

	(void)pthread_mutex_lock(&road->mu);
	due = log_due(&road->next_complaint_mono_ms, 2000);
	(void)pthread_mutex_unlock(&road->mu);
	if (due)
		log_warn("direct", "change not carried out", "status=\"%s\" error=%s",
			 status_name(err->status), LOG_QUOTE(err->msg));
}

static enum status deliver(struct direct_road *road, const struct order *order, struct error *err)
{
	struct order_event event = order_to_event(order, clock_wall_ms());
	char *payload = event_encode_order(&event);
	enum status st = payload ? delivery_call(&road->delivery, payload, err)
				 : error_set(err, ST_UNAVAILABLE, "out of memory");

	free(payload);
	return st;
}

static enum status carry_out(struct direct_road *road, struct pg *pg, struct order_command *command,
			     struct error *err)
{
	bool changed = false;
	enum status st = direct_store_write(pg, command, &changed, err);

	if (st == ST_OK && changed)
		st = deliver(road, &command->order, err);
	return st == ST_OK ? direct_store_commit(pg, err) : st;
}

void direct_road_submit(struct direct_road *road, struct order_command *command)
{
	struct error err = { 0 };
	struct pg *pg = NULL;
	enum status st = direct_store_open(&pg, road->database_url, &err);

	if (st == ST_OK) {
		st = carry_out(road, pg, command, &err);
		if (st != ST_OK)
			pg_rollback(pg); /* before the answer: who asks then finds it undone */
		pg_close(pg);
	}
	if (st != ST_OK && st != ST_NOT_FOUND && st != ST_CONFLICT)
		complain(road, &err);
	command->answer = err;
	command->answer.status = st;
	command->answered(command);
}
