#include "delivery-service/consume/delivery_loop.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/backoff.h"
#include "common/kafka/kafka_consumer.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/runtime/stop.h"
#include "delivery-service/consume/delivery_metrics.h"
#include "delivery-service/consume/delivery_writer.h"
#include "delivery-service/consume/lag.h"

#define POLL_MAX_MS      100  /* how long a stop may go unnoticed */
#define POLL_BURST       1000 /* messages taken in before the due work is looked at again */
#define RECLAIM_AFTER_MS 2000 /* several heartbeats */
#define HELD_EVENTS_MAX  5000 /* per partition, besides those that may be in work ... */
#define HELD_EVENT_BYTES 1024 /* ... of that size on average */

struct delivery_loop {
	struct delivery_loop_config config;
	struct delivery_store *store;
	struct consumer *consumer;
	struct workload *workload;
	struct partitions partitions;
	struct parking parking;
	struct delivery_writer writer;
	struct original_latest headers; /* of the messages that came lately */
	int64_t next_complaint_mono_ms, next_parking_complaint_mono_ms;
	pthread_t thread;
	bool joined;
	_Atomic bool stopping;
	struct delivery_counters counters;
	struct lag lag;
};

/* --- partitions come and go ---------------------------------------------------------------- */

/* Each complaint has a time of its own (next_mono_ms), so that none hides another. */
static void complain(int64_t *next_mono_ms, const char *what, const struct error *err)
{
	if (log_due(next_mono_ms, 5000))
		log_warn("delivery", what, "error=%s", LOG_QUOTE(err->msg));
}

/* Runs inside consumer_poll. Without the database nothing can be done anyway, so it waits. */
static int64_t on_assigned(void *context, int32_t partition)
{
	struct delivery_loop *l = context;
	struct backoff backoff = { .base_ms = 50, .cap_ms = 500 };
	struct progress progress;
	struct error err;
	int64_t epoch;

	writer_finish(&l->writer);
	while (delivery_store_claim(l->store, partition, &epoch, &progress, &err) != ST_OK) {
		if (atomic_load(&l->stopping))
			return -1;
		complain(&l->next_complaint_mono_ms, "cannot claim a partition", &err);
		clock_pause_ms(backoff_next_ms(&backoff, (uint32_t)clock_mono_us()));
	}
	if (!partitions_add(&l->partitions, partition, epoch, &progress)) {
		progress_fini(&progress);
		return -1;
	}
	atomic_fetch_add(&l->counters.assigned, 1);
	lag_set(&l->lag, partition, partitions_find(&l->partitions, partition)->progress.next);
	parking_search(&l->parking);
	return partitions_find(&l->partitions, partition)->next_read;
}

/* Forgets all that was taken in of a partition, its work in progress included. */
static void drop_work(struct delivery_loop *l, int32_t partition)
{
	workload_drop(l->workload, partition);
	writer_drop(&l->writer, partition);
	partition_forget_all(partitions_find(&l->partitions, partition));
}

static void drop_partition(struct delivery_loop *l, int32_t partition)
{
	drop_work(l, partition);
	partitions_remove(&l->partitions, partition);
	lag_remove(&l->lag, partition);
}

static void on_revoked(void *context, int32_t partition)
{
	struct delivery_loop *l = context;

	writer_finish(&l->writer);
	drop_partition(l, partition);
	atomic_fetch_add(&l->counters.revoked, 1);
}

/* --- taking in ----------------------------------------------------------------------------- */

/* A full partition is paused; it resumes at half, so that it does not flutter. */
static void balance(struct delivery_loop *l, struct partition *p)
{
	size_t most = ((size_t)l->config.workload.max_concurrency + HELD_EVENTS_MAX) /
		      (p->paused ? 2 : 1);
	bool full = p->held_events > most || p->held_bytes > most * HELD_EVENT_BYTES;

	if (full == p->paused)
		return;
	p->paused = full;
	consumer_pause(l->consumer, p->number, full);
}

static void give_up(struct delivery_loop *l, const char *why)
{
	log_error("delivery", "cannot go on", "error=%s", LOG_QUOTE(why));
	atomic_store(&l->stopping, true);
	stop_request();
}

static void pass_over(struct delivery_loop *l, struct partition *p, int64_t end)
{
	partition_pass(p, end);
	if (p->passed.first != p->passed.end)
		writer_flush_later(&l->writer);
}

static void hold(struct delivery_loop *l, struct partition *p, const rd_kafka_message_t *m)
{
	struct inbound *in = inbound_new(m, &l->headers, clock_wall_ms());

	if (!in || !workload_add(l->workload, in)) {
		inbound_free(in);
		give_up(l, "out of memory");
		return;
	}
	partition_hold(p, in);
	balance(l, p);
	log_debug("delivery", "received", "partition=%" PRId32 " offset=%" PRId64 " order=%" PRId64,
		  m->partition, m->offset, in->event ? in->event->order_id : 0);
	if (workload_takes_time(l->workload))
		inbound_rest(in);
}

static void take_in(struct delivery_loop *l, const rd_kafka_message_t *m)
{
	struct partition *p = partitions_find(&l->partitions, m->partition);

	if (!p || p->reclaim_at_mono_ms != 0 || p->replaced)
		return;
	if (m->offset < p->next_read) {
		p->replaced = true;
		return;
	}
	if (m->offset > p->next_read)
		pass_over(l, p, m->offset);
	if (progress_is_done(&p->progress, m->offset)) {
		pass_over(l, p, m->offset + 1);
	} else if (!inbound_concerns(m)) {
		atomic_fetch_add(&l->counters.skipped, 1);
		pass_over(l, p, m->offset + 1);
	} else {
		hold(l, p, m);
	}
}

static void poll_messages(struct delivery_loop *l, int timeout_ms)
{
	rd_kafka_message_t *m = consumer_poll(l->consumer, timeout_ms);

	for (int n = 0; m; n++) {
		take_in(l, m);
		rd_kafka_message_destroy(m);
		if (n == POLL_BURST)
			break;
		m = consumer_poll(l->consumer, 0);
	}
}

/* --- what is worked ------------------------------------------------------------------------ */

/* Moves worked items into the batch. */
static void collect_done(struct delivery_loop *l)
{
	int64_t now = clock_mono_ms();

	while (writer_has_room(&l->writer)) {
		struct inbound *in = workload_done(l->workload, now);
		struct partition *p;

		if (!in)
			break;
		if (!inbound_end_rest(in)) {
			give_up(l, "out of memory"); /* in stays: its partition may refer to it */
			break;
		}
		p = partitions_find(&l->partitions, in->place.partition);
		partition_worked(p, in);
		balance(l, p);
		writer_add(&l->writer, in);
	}
	if (workload_failed(l->workload))
		give_up(l, "out of memory");
}

/* Called by the writer. */
static void on_committed(void *context, int32_t partition, int64_t next_offset)
{
	struct delivery_loop *l = context;

	consumer_store(l->consumer, partition, next_offset);
	lag_set(&l->lag, partition, next_offset);
}

/* Called by the writer. */
static void on_fenced(void *context, struct partition *p)
{
	struct delivery_loop *l = context;

	drop_work(l, p->number);
	p->reclaim_at_mono_ms = clock_mono_ms() + RECLAIM_AFTER_MS;
}

static bool reclaim(struct delivery_loop *l, int32_t partition)
{
	struct progress progress;
	struct error err;
	int64_t epoch;

	if (consumer_lost(l->consumer) ||
	    delivery_store_claim(l->store, partition, &epoch, &progress, &err) != ST_OK)
		return false;
	if (!consumer_seek(l->consumer, partition, progress.next)) {
		progress_fini(&progress);
		return false;
	}
	lag_set(&l->lag, partition, progress.next);
	(void)partitions_add(&l->partitions, partition, epoch, &progress);
	consumer_pause(l->consumer, partition, false);
	return true;
}

/*
 * A replica that was away too long is fenced first and hears from the group soon after. One that
 * the group still counts as the owner claims its partition anew, or nobody would work on it.
 */
static void reclaim_fenced(struct delivery_loop *l)
{
	for (size_t i = 0; i < l->partitions.count; i++) {
		struct partition *p = &l->partitions.list[i];
		int64_t now = clock_mono_ms();

		if (p->reclaim_at_mono_ms == 0 || now < p->reclaim_at_mono_ms)
			continue;
		p->reclaim_at_mono_ms = now + RECLAIM_AFTER_MS;
		if (reclaim(l, p->number))
			log_info("delivery", "claimed anew",
				 "partition=%" PRId32 " offset=%" PRId64, p->number, p->next_read);
	}
}

/*
 * A consumer never goes back by itself, but when the log ends before its place: the topic was made
 * anew, or Kafka has lost what it had. Then it begins at the beginning (auto.offset.reset), and so
 * do we, once all is done that was taken in of the old log.
 */
static void begin_replaced_anew(struct delivery_loop *l)
{
	struct error err;

	for (size_t i = 0; i < l->partitions.count; i++) {
		struct partition *p = &l->partitions.list[i];
		enum status st;

		if (!p->replaced || p->reclaim_at_mono_ms != 0 || p->progress.next < p->next_read)
			continue;
		st = delivery_store_rewind(l->store, p->number, p->epoch, &err);
		if (st == ST_FENCED) {
			on_fenced(l, p);
		} else if (st != ST_OK) {
			complain(&l->next_complaint_mono_ms, "cannot begin a partition anew", &err);
		} else {
			log_warn("delivery",
				 "the topic was made anew: reading it from its beginning",
				 "partition=%" PRId32 " position=%" PRId64, p->number,
				 p->next_read);
			p->reclaim_at_mono_ms = clock_mono_ms();
		}
	}
}

static void on_parked_decided(void *context, const struct inbound *in)
{
	struct delivery_loop *l = context;

	delivery_counters_event(&l->counters, in);
}

static void look_after_parked(struct delivery_loop *l)
{
	struct error err;

	if (parking_look(&l->parking, l->store, &err) != ST_OK)
		complain(&l->next_parking_complaint_mono_ms,
			 "cannot look after parked events, trying again", &err);
}

/* --- the loop ------------------------------------------------------------------------------ */

/* Until the next thing to do, at most POLL_MAX_MS. */
static int poll_timeout(const struct delivery_loop *l)
{
	int64_t now = clock_mono_ms(), until = now + POLL_MAX_MS;

	if (writer_due(&l->writer) < until)
		until = writer_due(&l->writer);
	if (writer_has_room(&l->writer) && workload_next_due(l->workload) < until)
		until = workload_next_due(l->workload);
	if (parking_due(&l->parking) < until)
		until = parking_due(&l->parking);
	return until > now ? (int)(until - now) : 0;
}

static void *loop_main(void *arg)
{
	struct delivery_loop *l = arg;

	while (!atomic_load(&l->stopping)) {
		poll_messages(l, poll_timeout(l));
		writer_finish(&l->writer);
		begin_replaced_anew(l);
		reclaim_fenced(l);
		look_after_parked(l);
		collect_done(l);
		writer_begin(&l->writer);
		atomic_store(&l->counters.in_work, (int64_t)workload_in_work(l->workload));
		atomic_store(&l->counters.waiting, (int64_t)workload_waiting(l->workload));
		atomic_store(&l->counters.partitions, (int64_t)l->partitions.count);
	}
	writer_finish(&l->writer);
	return NULL;
}

static void init_writer(struct delivery_loop *l)
{
	const struct delivery_writer_config config = { .store = l->store,
						       .partitions = &l->partitions,
						       .parking = &l->parking,
						       .counters = &l->counters,
						       .committed = on_committed,
						       .fenced = on_fenced,
						       .context = l };

	writer_init(&l->writer, &config);
}

/*
 * Called on the threads that work, which therefore end before the consumer leaves its group:
 * librdkafka takes a wake-up for the end of its close, and hangs when it is destroyed then.
 */
static void on_worked(void *context)
{
	struct delivery_loop *l = context;

	consumer_wake(l->consumer);
}

static void release(struct delivery_loop *l)
{
	consumer_close(l->consumer);
	original_latest_fini(&l->headers);
	partitions_fini(&l->partitions);
	lag_fini(&l->lag);
	workload_close(l->workload);
	delivery_store_close(l->store);
	free(l);
}

enum status delivery_loop_open(struct delivery_loop **out,
			       const struct delivery_loop_config *config, struct error *err)
{
	struct delivery_loop *l = calloc(1, sizeof(*l));
	struct consumer_callbacks callbacks = { on_assigned, on_revoked, l };
	const struct delivery_store_config store = { .database_url = config->database_url,
						     .topic = config->kafka.topic,
						     .replica = config->replica,
						     .in_sequence = config->in_sequence,
						     .decided = on_parked_decided,
						     .context = l };

	if (!l)
		return error_set(err, ST_INTERNAL, "out of memory");
	l->config = *config;
	delivery_counters_init(&l->counters);
	lag_init(&l->lag, config->kafka.topic);
	if (delivery_store_open(&l->store, &store, err) != ST_OK ||
	    workload_open(&l->workload, &config->workload, on_worked, l, err) != ST_OK ||
	    consumer_open(&l->consumer, &config->kafka, config->group, &callbacks, err) != ST_OK)
		goto fail;
	init_writer(l);
	if (pthread_create(&l->thread, NULL, loop_main, l) != 0) {
		(void)error_set(err, ST_INTERNAL, "cannot start the delivery thread");
		goto fail;
	}
	*out = l;
	return ST_OK;

fail:
	release(l);
	return err->status;
}

void delivery_loop_stop(struct delivery_loop *l)
{
	if (!l || l->joined)
		return;
	atomic_store(&l->stopping, true);
	(void)pthread_join(l->thread, NULL);
	l->joined = true;
	while (l->partitions.count > 0)
		drop_partition(l, l->partitions.list[0].number);
	workload_end_threads(l->workload);
	consumer_leave(l->consumer);
}

void delivery_loop_close(struct delivery_loop *l)
{
	if (!l)
		return;
	delivery_loop_stop(l);
	release(l);
}

bool delivery_loop_broker_reachable(struct delivery_loop *l)
{
	return consumer_reachable(l->consumer);
}

void delivery_loop_parked(struct delivery_loop *l, struct strbuf *out)
{
	parking_describe(&l->parking, out);
}

void delivery_loop_metrics(struct delivery_loop *l, struct metrics_out *out)
{
	delivery_counters_write(&l->counters, out);
	metrics_one(out, "delivery_rebalances_total", "counter",
		    "Assignments and revocations that the group made.",
		    consumer_rebalances(l->consumer));
	lag_metrics(&l->lag, l->consumer, out);
	parking_metrics(&l->parking, out);
}
