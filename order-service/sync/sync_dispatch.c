#include "order-service/sync/sync_dispatch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/event/event_json.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/service/request_sessions.h"
#include "order-service/sync/delivery_call.h"
#include "order-service/sync/sync_store.h"

struct sync_dispatch {
	struct request_sessions *sessions;
	struct delivery_call_target delivery;
	pthread_mutex_t mu;
	int64_t next_log_mono_ms; /* guarded by mu */
};

enum status sync_dispatch_open(struct sync_dispatch **out,
			       const struct sync_dispatch_config *config, struct error *err)
{
	/* A call is made within a transaction: more connections than sessions are never in use. */
	const struct delivery_call_config call = { config->delivery_url, "/deliveries",
						   config->timeout_ms, config->pool,
						   config->caller };
	const struct request_sessions_config sessions = { sync_store_database(config->database_url),
							  config->pool, config->pool_wait_ms };
	struct sync_dispatch *path = calloc(1, sizeof(*path));

	if (!path)
		return error_set(err, ST_INTERNAL, "out of memory");
	if (delivery_call_init(&path->delivery, &call, err) != ST_OK) {
		free(path);
		return err->status;
	}
	(void)pthread_mutex_init(&path->mu, NULL);
	if (request_sessions_open(&path->sessions, &sessions, err) != ST_OK) {
		sync_dispatch_close(path);
		return err->status;
	}
	*out = path;
	return ST_OK;
}

void sync_dispatch_stop(struct sync_dispatch *path)
{
	if (!path)
		return;
	atomic_store(&path->delivery.stopping, true);
	request_sessions_stop(path->sessions);
}

void sync_dispatch_close(struct sync_dispatch *path)
{
	if (!path)
		return;
	request_sessions_close(path->sessions);
	delivery_call_fini(&path->delivery);
	(void)pthread_mutex_destroy(&path->mu);
	free(path);
}

void sync_dispatch_metrics(struct sync_dispatch *path, struct metrics_out *out)
{
	struct request_sessions *const sessions = path ? path->sessions : NULL;

	request_sessions_metrics(&sessions, 1, out);
}

static void log_failure(struct sync_dispatch *path, const struct trace *trace,
			const struct error *err)
{
	bool due;

	(void)pthread_mutex_lock(&path->mu);
	due = log_due(&path->next_log_mono_ms, 2000);
	(void)pthread_mutex_unlock(&path->mu);
	if (due)
		log_warn("sync", "change not carried out", "status=\"%s\" error=%s%s",
			 status_name(err->status), LOG_QUOTE(err->msg), TRACE_FIELD(trace));
}

static enum status deliver(struct sync_dispatch *path, const struct order *order, struct error *err)
{
	struct order_event event = order_to_event(order, clock_wall_ms());
	char *payload = event_encode_order(&event);
	enum status st = payload ? delivery_call(&path->delivery, payload, err)
				 : error_set(err, ST_UNAVAILABLE, "out of memory");

	free(payload);
	if (st == ST_INVALID)
		err->status = st = ST_REFUSED; /* our event, not the client's request */
	return st;
}

static enum status carry_out(struct sync_dispatch *path, struct pg *pg,
			     struct order_command *command, struct error *err)
{
	bool changed = false;
	enum status st = sync_store_write(pg, command, &changed, err);
	int64_t placed_id;

	if (st == ST_OK && changed)
		st = deliver(path, &command->order, err);
	placed_id = changed && command->kind == COMMAND_PLACE ? command->order.id : 0;
	return st == ST_OK ? sync_store_commit(pg, placed_id, err) : st;
}

void sync_dispatch_submit(struct sync_dispatch *path, struct order_command *command)
{
	struct error err = { 0 };
	struct pg *pg = NULL;
	enum status st = request_sessions_take(path->sessions, &pg, &err);

	if (st == ST_OK) {
		st = carry_out(path, pg, command, &err);
		/* Before the answer: who asks then finds undone what failed. */
		request_sessions_give(path->sessions, pg);
	}
	if (st != ST_OK && st != ST_NOT_FOUND && st != ST_CONFLICT)
		log_failure(path, command->trace, &err);
	command->answer = err;
	command->answer.status = st;
	command->answered(command);
}
