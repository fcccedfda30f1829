#include "order-service/order_ids.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "common/kafka/kafka_topic.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/service/service_config.h"
#include "order-service/known_database.h"
#include "order-service/topic_ids.h"

#define RETRY_S      1
#define LOOK_S       1
#define WAIT_KNOWN_S 1

struct order_ids {
	struct pg_pool *reads;
	const char *database_url;
	struct kafka_settings kafka;
	_Atomic int64_t highest; /* of the orders that were seen committed */
	pthread_mutex_t mu;
	pthread_cond_t changed;      /* with mu: known or stopping */
	bool known, stopping;        /* guarded by mu */
	struct kafka_topic *reading; /* guarded by mu; NULL: nothing is read */
	_Atomic int64_t moved;
	int64_t next_log_mono_ms; /* the thread's */
	struct progress progress;
	pthread_t thread;
};

void order_ids_committed(struct order_ids *ids, int64_t id)
{
	int64_t highest = atomic_load(&ids->highest);

	while (highest < id && !atomic_compare_exchange_weak(&ids->highest, &highest, id))
		;
}

/* What other replicas have committed. An error is the next second's matter. */
static void look_for_highest(struct order_ids *ids)
{
	struct error ignored;
	int64_t highest;

	if (known_database_highest(ids->reads, &highest, &ignored) == ST_OK)
		order_ids_committed(ids, highest);
}

/*
 * An order is committed together with the sequence's state behind its id, also over a crash. So a
 * sequence that is before it is that of an older state. One that is not may have been drawn ahead
 * in the older state already; there the order itself is missing.
 */
static enum status ask_known(struct order_ids *ids, struct pg *pg, bool *known, struct error *err)
{
	const int64_t committed = atomic_load(&ids->highest);
	struct known_database found;

	if (known_database_ask(pg, committed, &found, err) != ST_OK)
		return err->status;
	*known = found.known && !found.went_back;
	if (!found.known || !found.went_back)
		return ST_OK;
	log_warn("ids", "the database went back to an older state",
		 "drawn=%" PRId64 " committed=%" PRId64, found.drawn, committed);
	return known_database_forget(pg, err);
}

/* Waits for a change; false: for seconds there was none. With mu. */
static bool wait_changed(struct order_ids *ids, int64_t seconds)
{
	const struct timespec deadline = clock_after_ms(seconds * 1000);

	return pthread_cond_clockwait(&ids->changed, &ids->mu, CLOCK_MONOTONIC, &deadline) == 0;
}

/* --- an unknown database ------------------------------------------------------------------- */

/* Opens the topic so that order_ids_close can stop its reader. */
static enum status open_topic(struct order_ids *ids, struct error *err)
{
	struct kafka_topic *topic = NULL;
	/* Behind a transaction that is open there may be ids, too. */
	enum status st = kafka_topic_open(&topic, &ids->kafka, KAFKA_READ_UNCOMMITTED, err);

	if (st != ST_OK)
		return st;
	(void)pthread_mutex_lock(&ids->mu);
	ids->reading = topic;
	if (ids->stopping)
		kafka_topic_stop(topic);
	(void)pthread_mutex_unlock(&ids->mu);
	return ST_OK;
}

static void close_topic(struct order_ids *ids)
{
	struct kafka_topic *topic = ids->reading;

	(void)pthread_mutex_lock(&ids->mu);
	ids->reading = NULL;
	(void)pthread_mutex_unlock(&ids->mu);
	kafka_topic_close(topic);
}

static enum status read_topic(struct order_ids *ids, struct topic_ids *found, struct error *err)
{
	enum status st = open_topic(ids, err);

	if (st != ST_OK)
		return st;
	st = topic_ids_read(ids->reading, &ids->progress, found, err);
	close_topic(ids);
	return st;
}

static enum status make_known(struct order_ids *ids, struct pg *pg, struct error *err)
{
	struct topic_ids found = { 0 };
	int64_t moved_to = 0;

	log_info("ids", "unknown database, reading the topic's order ids", "topic=%s",
		 LOG_QUOTE(ids->kafka.topic));
	if (read_topic(ids, &found, err) != ST_OK)
		return err->status;
	/* It need not be on the topic yet, and is not free either. */
	if (found.highest < atomic_load(&ids->highest))
		found.highest = atomic_load(&ids->highest);
	if (known_database_record(pg, found.highest, &moved_to, err) != ST_OK)
		return err->status;
	if (moved_to > 0) {
		atomic_fetch_add(&ids->moved, 1);
		log_warn("ids", "order ids go on past what the topic has used",
			 "events=%" PRId64 " highest=%" PRId64 " next=%" PRId64, found.events,
			 found.highest, moved_to + 1);
	} else {
		log_info("ids", "the topic has used no later order id",
			 "events=%" PRId64 " highest=%" PRId64, found.events, found.highest);
	}
	return ST_OK;
}

static enum status look(struct order_ids *ids, struct error *err)
{
	static const struct pg_statement *const tables[] = { known_database_statements, NULL };
	const struct pg_config config = { ids->database_url, "order-service ids",
					  SERVICE_SCHEMA_ORDERS, tables };
	struct pg *pg = NULL;
	bool known = false;
	enum status st = pg_open(&pg, &config, err);

	if (st != ST_OK)
		return st;
	st = ask_known(ids, pg, &known, err);
	if (st == ST_OK && !known)
		st = make_known(ids, pg, err);
	pg_close(pg);
	return st;
}

/* --- the thread ---------------------------------------------------------------------------- */

static void failed(struct order_ids *ids, const struct error *err)
{
	progress_held(&ids->progress, err->msg);
	if (log_due(&ids->next_log_mono_ms, 10000))
		log_warn("ids", "no orders are taken: order ids not compared with the topic",
			 "error=%s", LOG_QUOTE(err->msg));
}

/* With mu, which it leaves in between. */
static void look_unlocked(struct order_ids *ids)
{
	struct error err = { 0 };
	bool good;

	(void)pthread_mutex_unlock(&ids->mu);
	progress_begin(&ids->progress);
	good = look(ids, &err) == ST_OK;
	if (good)
		progress_idle(&ids->progress);
	(void)pthread_mutex_lock(&ids->mu);
	ids->known = good;
	if (good) {
		(void)pthread_cond_broadcast(&ids->changed);
	} else if (!ids->stopping) {
		failed(ids, &err);
		(void)wait_changed(ids, RETRY_S);
	}
}

static void look_for_highest_unlocked(struct order_ids *ids)
{
	(void)pthread_mutex_unlock(&ids->mu);
	look_for_highest(ids);
	(void)pthread_mutex_lock(&ids->mu);
}

static void *ids_main(void *context)
{
	struct order_ids *ids = context;

	(void)pthread_mutex_lock(&ids->mu);
	while (!ids->stopping) {
		if (!ids->known)
			look_unlocked(ids);
		else if (!wait_changed(ids, LOOK_S))
			look_for_highest_unlocked(ids);
	}
	(void)pthread_mutex_unlock(&ids->mu);
	return NULL;
}

/* Sends the thread to look, and gives it a moment. */
static void await_known(struct order_ids *ids)
{
	(void)pthread_mutex_lock(&ids->mu);
	ids->known = false;
	(void)pthread_cond_broadcast(&ids->changed);
	while (!ids->known && !ids->stopping && wait_changed(ids, WAIT_KNOWN_S))
		;
	(void)pthread_mutex_unlock(&ids->mu);
}

enum status order_ids_check_session(void *context, struct pg *pg, struct error *err)
{
	struct order_ids *ids = context;
	bool known = false;

	if (ask_known(ids, pg, &known, err) != ST_OK)
		return err->status;
	if (known)
		return ST_OK;
	await_known(ids);
	if (ask_known(ids, pg, &known, err) != ST_OK)
		return err->status;
	return known ? ST_OK
		     : error_set(err, ST_UNAVAILABLE,
				 "this database's order ids are not compared with the topic yet");
}

/* --- open and close ------------------------------------------------------------------------ */

static void ids_free(struct order_ids *ids)
{
	progress_fini(&ids->progress);
	(void)pthread_cond_destroy(&ids->changed);
	(void)pthread_mutex_destroy(&ids->mu);
	free(ids);
}

enum status order_ids_start(struct order_ids **out, struct pg_pool *reads, const char *database_url,
			    const struct kafka_settings *kafka, struct error *err)
{
	struct order_ids *ids = calloc(1, sizeof(*ids));

	if (!ids)
		return error_set(err, ST_INTERNAL, "out of memory");
	ids->reads = reads;
	ids->database_url = database_url;
	ids->kafka = *kafka;
	(void)pthread_mutex_init(&ids->mu, NULL);
	(void)pthread_cond_init(&ids->changed, NULL);
	progress_init(&ids->progress, "order-ids", PROGRESS_BOUND_MS);
	if (pthread_create(&ids->thread, NULL, ids_main, ids) != 0) {
		ids_free(ids);
		return error_set(err, ST_INTERNAL, "cannot start the thread that reads order ids");
	}
	*out = ids;
	return ST_OK;
}

void order_ids_close(struct order_ids *ids)
{
	if (!ids)
		return;
	(void)pthread_mutex_lock(&ids->mu);
	ids->stopping = true;
	if (ids->reading)
		kafka_topic_stop(ids->reading);
	(void)pthread_cond_broadcast(&ids->changed);
	(void)pthread_mutex_unlock(&ids->mu);
	(void)pthread_join(ids->thread, NULL);
	ids_free(ids);
}

bool order_ids_known(struct order_ids *ids)
{
	bool known;

	(void)pthread_mutex_lock(&ids->mu);
	known = ids->known;
	(void)pthread_mutex_unlock(&ids->mu);
	return known;
}

struct progress *order_ids_progress(struct order_ids *ids)
{
	return ids ? &ids->progress : NULL;
}

void order_ids_metrics(struct order_ids *ids, struct metrics_out *out)
{
	metrics_one(out, "order_ids_known", "gauge",
		    "1: the ids that the database gives out are new to the topic.",
		    order_ids_known(ids));
	metrics_one(out, "order_ids_highest", "gauge",
		    "The highest id of an order that this process has seen committed.",
		    atomic_load(&ids->highest));
	metrics_one(out, "order_ids_moved_total", "counter",
		    "Times that ids were moved past those that the topic has used.",
		    atomic_load(&ids->moved));
}
