#include "delivery-service/consume/delivery_loop.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/kafka/kafka_consumer.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/runtime/stop.h"
#include "delivery-service/consume/batch_apply.h"
#include "delivery-service/consume/delivery_metrics.h"
#include "delivery-service/consume/delivery_writer.h"
#include "delivery-service/consume/lag.h"
#include "delivery-service/consume/membership.h"
#include "delivery-service/consume/ownership.h"
#include "delivery-service/consume/parked_events.h"
#include "delivery-service/consume/receiver.h"

#define POLL_MAX_MS 100  /* how long a stop may go unnoticed */
#define POLL_BURST  1000 /* messages received before due work is collected */

struct delivery_loop {
	struct delivery_loop_config config;
	struct delivery_store *store;
	struct kafka_consumer *consumer;
	struct scheduler *scheduler;
	struct ownership ownership;
	struct membership membership;
	struct batch_apply apply;
	struct parked_events parked_events;
	struct delivery_writer writer;
	struct receiver receiver;
	pthread_t thread;
	bool started, joined;
	_Atomic bool stopping, failed;
	struct delivery_metrics metrics;
	struct lag lag;
	struct progress progress, write_progress;
	struct in_flight in_flight;
};

/* --- partitions come and go ---------------------------------------------------------------- */

/* Runs inside kafka_consumer_poll. */
static int64_t on_assigned(void *context, int32_t partition)
{
	struct delivery_loop *l = context;
	int64_t next_read = -1;

	progress_turned(&l->progress); /* there may be many in one poll */
	if (!l->membership.away) {     /* else it came before the group heard that we leave */
		delivery_writer_finish(&l->writer);
		next_read = ownership_claim(&l->ownership, partition);
	}
	if (next_read < 0)
		return membership_unclaimed(&l->membership);
	atomic_fetch_add(&l->metrics.assigned, 1);
	parked_events_request_all(&l->parked_events);
	return next_read;
}

/* Drops all events received of a partition, work in progress included. */
static void drop_work(struct delivery_loop *l, int32_t partition)
{
	scheduler_drop(l->scheduler, partition);
	delivery_writer_drop(&l->writer, partition);
	partition_reset(partitions_find(&l->ownership.partitions, partition));
}

static void drop_partition(struct delivery_loop *l, int32_t partition)
{
	drop_work(l, partition);
	ownership_release(&l->ownership, partition);
}

static void on_revoked(void *context, int32_t partition)
{
	struct delivery_loop *l = context;

	delivery_writer_finish(&l->writer);
	if (!partitions_find(&l->ownership.partitions, partition))
		return; /* the group has given it, and it could not be claimed */
	drop_partition(l, partition);
	atomic_fetch_add(&l->metrics.revoked, 1);
}

/* Called by the writer and by ownership. */
static void on_fenced(void *context, struct partition *p)
{
	struct delivery_loop *l = context;

	drop_work(l, p->number);
	ownership_lost(&l->ownership, p);
}

/* --- receiving ----------------------------------------------------------------------------- */

static void fail(struct delivery_loop *l, const char *why)
{
	log_error("delivery", "fatal, shutting down", "error=%s", LOG_QUOTE(why));
	atomic_store(&l->failed, true);
	atomic_store(&l->stopping, true);
	stop_request();
}

/* Runs inside kafka_consumer_poll. */
static void on_end_reached(void *context, int32_t partition, int64_t offset)
{
	struct delivery_loop *l = context;

	receiver_end(&l->receiver, partition, offset);
}

static void poll_messages(struct delivery_loop *l, int timeout_ms)
{
	const struct message *m = kafka_consumer_poll(l->consumer, timeout_ms);

	for (int n = 0; m && receiver_take(&l->receiver, m); n++)
		m = n < POLL_BURST ? kafka_consumer_poll(l->consumer, 0) : NULL;
	if (m) /* the next one would pass over it */
		fail(l, "out of memory");
}

/* --- work that is done --------------------------------------------------------------------- */

/* Moves events whose work is done into the batch. */
static void collect_done(struct delivery_loop *l)
{
	int64_t now = clock_mono_ms();

	while (delivery_writer_has_room(&l->writer)) {
		struct event_record *record = scheduler_done(l->scheduler, now);
		struct partition *p;

		if (!record)
			break;
		if (!event_record_expand(record)) {
			fail(l, "out of memory"); /* record stays: its partition may refer to it */
			break;
		}
		p = partitions_find(&l->ownership.partitions, record->at.partition);
		partition_done(p, record);
		receiver_apply_back_pressure(&l->receiver, p);
		delivery_writer_add(&l->writer, record);
	}
	if (scheduler_failed(l->scheduler))
		fail(l, "out of memory");
}

/* Called by the writer. */
static void on_committed(void *context, int32_t partition, int64_t next_offset)
{
	struct delivery_loop *l = context;

	kafka_consumer_store(l->consumer, partition, next_offset);
	lag_set(&l->lag, partition, next_offset);
	membership_committed(&l->membership);
}

static void on_decided(void *context, const struct batch_event *event)
{
	struct delivery_loop *l = context;

	delivery_metrics_event(&l->metrics, event, clock_wall_ms());
	delivery_span_end(&l->config.spans, event);
}

/* --- the loop ------------------------------------------------------------------------------ */

/* Until the next thing to do, at most POLL_MAX_MS. */
static int poll_timeout(const struct delivery_loop *l)
{
	int64_t now = clock_mono_ms(), until = now + POLL_MAX_MS;

	if (l->membership.away)
		return POLL_MAX_MS;
	if (delivery_writer_due(&l->writer) < until)
		until = delivery_writer_due(&l->writer);
	if (delivery_writer_has_room(&l->writer) && scheduler_next_due(l->scheduler) < until)
		until = scheduler_next_due(l->scheduler);
	if (parked_events_due(&l->parked_events) < until)
		until = parked_events_due(&l->parked_events);
	return until > now ? (int)(until - now) : 0;
}

/* What a member does. */
static void take_part(struct delivery_loop *l)
{
	ownership_verify(&l->ownership);
	ownership_restart_gone_back(&l->ownership);
	if (!ownership_reclaim_fenced(&l->ownership))
		(void)membership_unclaimed(&l->membership);
	parked_events_resume(&l->parked_events, &l->apply);
	collect_done(l);
	delivery_writer_begin(&l->writer);
}

void delivery_loop_step(struct delivery_loop *l)
{
	progress_turned(&l->progress);
	poll_messages(l, poll_timeout(l));
	delivery_writer_finish(&l->writer);
	if (membership_keep(&l->membership))
		take_part(l);
	atomic_store(&l->metrics.in_work, (int64_t)scheduler_in_work(l->scheduler));
	atomic_store(&l->metrics.waiting, (int64_t)scheduler_waiting(l->scheduler));
	atomic_store(&l->metrics.partitions, (int64_t)l->ownership.partitions.count);
	in_flight_look(&l->in_flight, l->scheduler, &l->ownership.partitions);
}

static void *loop_main(void *arg)
{
	struct delivery_loop *l = arg;

	while (!atomic_load(&l->stopping))
		delivery_loop_step(l);
	return NULL;
}

static void init_writer(struct delivery_loop *l)
{
	const struct delivery_writer_config config = { .apply = &l->apply,
						       .partitions = &l->ownership.partitions,
						       .parked_events = &l->parked_events,
						       .metrics = &l->metrics,
						       .progress = &l->write_progress,
						       .committed = on_committed,
						       .fenced = on_fenced,
						       .context = l };

	delivery_writer_init(&l->writer, &config);
}

/* Called on the threads that work, which therefore end before the consumer leaves its group:
 * librdkafka takes a wake-up for the end of its close, and hangs when it is destroyed then. */
static void on_work_done(void *context)
{
	struct delivery_loop *l = context;

	kafka_consumer_wake(l->consumer);
}

static void release(struct delivery_loop *l)
{
	kafka_consumer_close(l->consumer);
	receiver_fini(&l->receiver);
	partitions_fini(&l->ownership.partitions);
	lag_fini(&l->lag);
	scheduler_close(l->scheduler);
	delivery_store_close(l->store);
	progress_fini(&l->progress);
	progress_fini(&l->write_progress);
	in_flight_fini(&l->in_flight);
	free(l);
}

static void init_parts(struct delivery_loop *l)
{
	l->ownership = (struct ownership){ .store = l->store,
					   .consumer = l->consumer,
					   .lag = &l->lag,
					   .metrics = &l->metrics,
					   .stopping = &l->stopping,
					   .fenced = on_fenced,
					   .context = l };
	l->membership = (struct membership){ .store = l->store,
					     .consumer = l->consumer,
					     .metrics = &l->metrics,
					     .progress = &l->progress };
	membership_init(&l->membership);
	l->receiver = (struct receiver){ .consumer = l->consumer,
					 .scheduler = l->scheduler,
					 .ownership = &l->ownership,
					 .writer = &l->writer,
					 .progress = &l->progress,
					 .metrics = &l->metrics,
					 .otlp = l->config.spans.otlp,
					 .max_concurrency = l->config.scheduler.max_concurrency,
					 .intake = { .partitions = &l->ownership.partitions } };
	l->apply = (struct batch_apply){ .store = l->store,
					 .in_sequence = l->config.in_sequence,
					 .otlp = l->config.spans.otlp,
					 .decided = on_decided,
					 .context = l };
	init_writer(l);
}

enum status delivery_loop_open(struct delivery_loop **out,
			       const struct delivery_loop_config *config, struct error *err)
{
	struct delivery_loop *l = calloc(1, sizeof(*l));
	struct kafka_consumer_callbacks callbacks = { .assigned = on_assigned,
						      .revoked = on_revoked,
						      .end_reached = on_end_reached,
						      .context = l };
	const struct delivery_store_config store = { .database_url = config->database_url,
						     .topic = config->kafka.topic,
						     .replica = config->replica,
						     .in_sequence = config->in_sequence };

	if (!l)
		return error_set(err, ST_INTERNAL, "out of memory");
	l->config = *config;
	delivery_metrics_init(&l->metrics);
	lag_init(&l->lag);
	progress_init(&l->progress, "consumer", PROGRESS_BOUND_MS);
	progress_init(&l->write_progress, "deliveries", PROGRESS_BOUND_MS);
	progress_idle(&l->write_progress);
	in_flight_init(&l->in_flight);
	if (delivery_store_open(&l->store, &store, err) != ST_OK ||
	    scheduler_open(&l->scheduler, &config->scheduler, on_work_done, l, err) != ST_OK ||
	    kafka_consumer_open(&l->consumer, &config->kafka, config->group, &callbacks, err) !=
		    ST_OK) {
		release(l);
		return err->status;
	}
	init_parts(l);
	*out = l;
	return ST_OK;
}

enum status delivery_loop_start(struct delivery_loop *l, struct error *err)
{
	if (pthread_create(&l->thread, NULL, loop_main, l) != 0)
		return error_set(err, ST_INTERNAL, "cannot start the delivery thread");
	l->started = true;
	return ST_OK;
}

void delivery_loop_stop(struct delivery_loop *l)
{
	if (!l || l->joined)
		return;
	atomic_store(&l->stopping, true);
	if (l->started)
		(void)pthread_join(l->thread, NULL);
	l->joined = true;
	delivery_writer_finish(&l->writer);
	while (l->ownership.partitions.count > 0)
		drop_partition(l, l->ownership.partitions.list[0].number);
	scheduler_end_threads(l->scheduler);
	kafka_consumer_leave(l->consumer);
}

void delivery_loop_close(struct delivery_loop *l)
{
	if (!l)
		return;
	delivery_loop_stop(l);
	release(l);
}

bool delivery_loop_failed(const struct delivery_loop *l)
{
	return atomic_load(&l->failed);
}

bool delivery_loop_broker_reachable(struct delivery_loop *l)
{
	return kafka_consumer_reachable(l->consumer);
}

struct progress *delivery_loop_progress(struct delivery_loop *l)
{
	return &l->progress;
}

struct progress *delivery_loop_write_progress(struct delivery_loop *l)
{
	return &l->write_progress;
}

struct progress *delivery_loop_work_progress(struct delivery_loop *l)
{
	return scheduler_progress(l->scheduler);
}

struct in_flight *delivery_loop_in_flight(struct delivery_loop *l)
{
	return &l->in_flight;
}

void delivery_loop_parked(struct delivery_loop *l, struct strbuf *out)
{
	parked_events_describe(&l->parked_events, out);
}

void delivery_loop_metrics(struct delivery_loop *l, struct metrics_out *out)
{
	delivery_metrics_write(&l->metrics, out);
	metrics_one(out, "delivery_rebalances_total", "counter",
		    "Assignments and revocations that the group made.",
		    kafka_consumer_rebalances(l->consumer));
	lag_metrics(&l->lag, l->consumer, out);
	parked_events_metrics(&l->parked_events, out);
}
