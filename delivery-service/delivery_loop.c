#include "delivery-service/delivery_loop.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/stop.h"
#include "delivery-service/consumer.h"
#include "delivery-service/delivery_counters.h"
#include "delivery-service/delivery_store.h"
#include "delivery-service/parking.h"
#include "delivery-service/partitions.h"

#define POLL_MAX_MS       100  /* how long a stop may go unnoticed */
#define POLL_BURST        1000 /* messages taken in before the due work is looked at again */
#define SKIPPED_FLUSH_MS  500  /* when only skipped messages moved a position */
#define RECLAIM_AFTER_MS  2000 /* several heartbeats */
#define HELD_MESSAGES_MAX 5000
#define HELD_BYTES_MAX    (4 * 1024 * 1024)

struct delivery_loop {
	struct delivery_loop_config config;
	struct delivery_store *store;
	struct consumer *consumer;
	struct lanes *lanes;
	struct partitions partitions;
	struct parking parking;
	struct inbound *done[DELIVERY_BATCH_MAX]; /* worked, in order, to be written next */
	size_t done_count;
	int64_t flush_at_mono_ms; /* for positions without effects; INT64_MAX: none */
	struct backoff backoff;
	int64_t retry_at_mono_ms; /* after a failed write */
	int64_t next_complaint_mono_ms, next_parking_complaint_mono_ms;
	pthread_t thread;
	bool joined;
	_Atomic bool stopping;
	struct delivery_counters counters;
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
	struct delivery_position position = { .partition = partition };
	struct backoff backoff = { .base_ms = 50, .cap_ms = 500 };
	struct error err;

	while (delivery_store_claim(l->store, &position, &err) != ST_OK) {
		if (atomic_load(&l->stopping))
			return -1;
		complain(&l->next_complaint_mono_ms, "cannot claim a partition", &err);
		clock_pause_ms(backoff_next_ms(&backoff, (uint32_t)clock_mono_us()));
	}
	if (!partitions_add(&l->partitions, partition, position.next_offset, position.epoch))
		return -1;
	atomic_fetch_add(&l->counters.rebalances, 1);
	parking_search(&l->parking);
	return position.next_offset;
}

static bool of_partition(const struct lane_item *item, void *context)
{
	return ((const struct inbound *)item)->message->partition == *(const int32_t *)context;
}

static void drop_item(struct lane_item *item, void *context)
{
	(void)context;
	inbound_free((struct inbound *)item);
}

/* Forgets all that was taken in of a partition, its work in progress included. */
static void drop_work(struct delivery_loop *l, int32_t partition)
{
	size_t kept = 0;

	lanes_remove(l->lanes, of_partition, drop_item, &partition);
	for (size_t i = 0; i < l->done_count; i++) {
		if (l->done[i]->message->partition == partition)
			inbound_free(l->done[i]);
		else
			l->done[kept++] = l->done[i];
	}
	l->done_count = kept;
}

static void drop_partition(struct delivery_loop *l, int32_t partition)
{
	drop_work(l, partition);
	partitions_remove(&l->partitions, partition);
}

static void on_revoked(void *context, int32_t partition)
{
	struct delivery_loop *l = context;

	drop_partition(l, partition);
	atomic_fetch_add(&l->counters.rebalances, 1);
}

/* --- taking in ----------------------------------------------------------------------------- */

static int64_t work_of(const struct delivery_loop *l, const struct inbound *in)
{
	return in->event && (l->config.delay_on & (1u << in->event->type)) ? l->config.delay_ms : 0;
}

/* A full partition is paused; it resumes at half, so that it does not flutter. */
static void balance(struct delivery_loop *l, struct partition *p)
{
	size_t share = p->paused ? 2 : 1;
	bool full = p->held_messages > HELD_MESSAGES_MAX / share ||
		    p->held_bytes > HELD_BYTES_MAX / share;

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

static void take_in(struct delivery_loop *l, rd_kafka_message_t *m)
{
	struct partition *p = partitions_find(&l->partitions, m->partition);
	struct inbound *in;

	if (!p || p->reclaim_at_mono_ms != 0 || m->offset < p->next_read) {
		rd_kafka_message_destroy(m);
		return;
	}
	p->next_read = m->offset + 1;
	in = inbound_new(m, clock_wall_ms());
	if (in) {
		in->item.lane = m->partition;
		in->item.work_ms = work_of(l, in);
	}
	if (!in || !lanes_push(l->lanes, &in->item)) {
		inbound_free(in);
		give_up(l, "out of memory");
		return;
	}
	p->held_messages++;
	p->held_bytes += m->len;
	balance(l, p);
	log_debug("delivery", "received", "partition=%" PRId32 " offset=%" PRId64 " order=%" PRId64,
		  m->partition, m->offset, in->event ? in->event->order_id : 0);
}

static void poll_messages(struct delivery_loop *l, int timeout_ms)
{
	rd_kafka_message_t *m = consumer_poll(l->consumer, timeout_ms);

	for (int n = 0; m; n++) {
		take_in(l, m);
		if (n == POLL_BURST)
			break;
		m = consumer_poll(l->consumer, 0);
	}
}

/* --- what is done -------------------------------------------------------------------------- */

/* Moves worked items into the batch; skipped ones only move their position. */
static void collect_done(struct delivery_loop *l)
{
	int64_t now = clock_mono_ms();

	while (l->done_count < DELIVERY_BATCH_MAX) {
		struct inbound *in = (struct inbound *)lanes_pop_done(l->lanes, now);
		struct partition *p;

		if (!in)
			break;
		p = partitions_find(&l->partitions, in->message->partition);
		p->next_offset = in->message->offset + 1;
		p->held_messages--;
		p->held_bytes -= in->message->len;
		balance(l, p);
		if (in->event || in->reason[0]) {
			l->done[l->done_count++] = in;
			continue;
		}
		atomic_fetch_add(&l->counters.skipped, 1);
		inbound_free(in);
		if (l->flush_at_mono_ms == INT64_MAX)
			l->flush_at_mono_ms = now + SKIPPED_FLUSH_MS;
	}
}

static void forget_done(struct delivery_loop *l, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		delivery_counters_event(&l->counters, l->done[i]);
		inbound_free(l->done[i]);
	}
	for (size_t i = count; i < l->done_count; i++)
		l->done[i - count] = l->done[i];
	l->done_count -= count;
}

/* The positions as they will be once the batch is written. Returns how many have moved. */
static size_t moved_positions(const struct delivery_loop *l, struct delivery_position *out)
{
	size_t n = 0;

	for (size_t i = 0; i < l->partitions.count; i++) {
		const struct partition *p = &l->partitions.list[i];

		if (p->next_offset > p->stored_offset)
			out[n++] = (struct delivery_position){ .partition = p->number,
							       .next_offset = p->next_offset,
							       .epoch = p->epoch };
	}
	return n;
}

static void positions_stored(struct delivery_loop *l, const struct delivery_position *positions,
			     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		partitions_find(&l->partitions, positions[i].partition)->stored_offset =
			positions[i].next_offset;
		consumer_store(l->consumer, positions[i].partition, positions[i].next_offset);
	}
}

/* Somebody else has claimed these: what we hold of them is theirs to do. */
static void drop_fenced(struct delivery_loop *l, const struct delivery_position *positions,
			size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct partition *p = partitions_find(&l->partitions, positions[i].partition);

		if (!positions[i].fenced)
			continue;
		atomic_fetch_add(&l->counters.fenced, 1);
		log_warn("delivery", "fenced: the partition was claimed by another",
			 "partition=%" PRId32 " epoch=%" PRId64, p->number, p->epoch);
		drop_work(l, p->number);
		p->next_offset = p->stored_offset;
		p->reclaim_at_mono_ms = clock_mono_ms() + RECLAIM_AFTER_MS;
	}
}

/*
 * A replica that was away too long is fenced first and hears from the group soon after. One that
 * the group still counts as the owner claims its partition anew, or nobody would work on it.
 */
static void reclaim_fenced(struct delivery_loop *l)
{
	for (size_t i = 0; i < l->partitions.count; i++) {
		struct partition *p = &l->partitions.list[i];
		struct delivery_position position = { .partition = p->number };
		int64_t now = clock_mono_ms();
		struct error err;

		if (p->reclaim_at_mono_ms == 0 || now < p->reclaim_at_mono_ms)
			continue;
		p->reclaim_at_mono_ms = now + RECLAIM_AFTER_MS;
		if (consumer_lost(l->consumer) ||
		    delivery_store_claim(l->store, &position, &err) != ST_OK ||
		    !consumer_seek(l->consumer, p->number, position.next_offset))
			continue;
		(void)partitions_add(&l->partitions, p->number, position.next_offset,
				     position.epoch);
		consumer_pause(l->consumer, p->number, false);
		log_info("delivery", "claimed anew", "partition=%" PRId32 " offset=%" PRId64,
			 position.partition, position.next_offset);
	}
}

/*
 * Some event's data is refused by the database: the first of the batch is written alone, and if
 * it is the one, it becomes a dead letter. The rest follows in the next rounds.
 */
static enum status write_first(struct delivery_loop *l, struct error *err)
{
	struct inbound *in = l->done[0];
	const struct partition *p = partitions_find(&l->partitions, in->message->partition);
	struct delivery_position position = { .partition = p->number,
					      .next_offset = in->message->offset + 1,
					      .epoch = p->epoch };
	struct delivery_written written;
	enum status st = delivery_store_write(l->store, &position, 1, &in, 1, &written, err);

	if (st == ST_INVALID) {
		inbound_refuse(in, err->msg);
		st = delivery_store_write(l->store, &position, 1, &in, 1, &written, err);
	}
	if (st == ST_OK) {
		parking_written(&l->parking, &written);
		positions_stored(l, &position, 1);
		forget_done(l, 1);
	} else if (st == ST_FENCED) {
		drop_fenced(l, &position, 1);
	}
	return st;
}

static enum status write_batch(struct delivery_loop *l, struct error *err)
{
	struct delivery_position *positions = calloc(l->partitions.count + 1, sizeof(*positions));
	int64_t started = clock_mono_us();
	struct delivery_written written;
	enum status st;
	size_t n;

	if (!positions)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	n = moved_positions(l, positions);
	st = delivery_store_write(l->store, positions, n, l->done, l->done_count, &written, err);
	if (st == ST_OK) {
		parking_written(&l->parking, &written);
		positions_stored(l, positions, n);
		histogram_observe(&l->counters.batch_size, (int64_t)l->done_count);
		histogram_observe(&l->counters.batch_us, clock_mono_us() - started);
		forget_done(l, l->done_count);
		l->flush_at_mono_ms = INT64_MAX;
	} else if (st == ST_FENCED) {
		drop_fenced(l, positions, n);
	} else if (st == ST_INVALID && l->done_count > 0) {
		st = write_first(l, err);
	}
	free(positions);
	return st;
}

static void write_due(struct delivery_loop *l)
{
	int64_t now = clock_mono_ms();
	struct error err;
	enum status st;

	if (now < l->retry_at_mono_ms || (l->done_count == 0 && now < l->flush_at_mono_ms))
		return;
	if (!partitions_dirty(&l->partitions)) {
		l->flush_at_mono_ms = INT64_MAX;
		return;
	}
	st = write_batch(l, &err);
	if (st == ST_OK || st == ST_FENCED) {
		backoff_reset(&l->backoff);
		return;
	}
	l->retry_at_mono_ms = now + backoff_next_ms(&l->backoff, (uint32_t)clock_mono_us());
	if (st == ST_UNAVAILABLE)
		complain(&l->next_complaint_mono_ms, "cannot write, trying again", &err);
	else if (log_due(&l->next_complaint_mono_ms, 5000))
		log_error("delivery", "cannot write, trying again", "error=%s", LOG_QUOTE(err.msg));
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
	int64_t next = l->done_count > 0 ? l->retry_at_mono_ms : lanes_next_due(l->lanes);

	if (next < until)
		until = next;
	if (l->flush_at_mono_ms < until)
		until = l->flush_at_mono_ms;
	if (parking_due(&l->parking) < until)
		until = parking_due(&l->parking);
	return until > now ? (int)(until - now) : 0;
}

static void *loop_main(void *arg)
{
	struct delivery_loop *l = arg;

	while (!atomic_load(&l->stopping)) {
		poll_messages(l, poll_timeout(l));
		collect_done(l);
		write_due(l);
		reclaim_fenced(l);
		look_after_parked(l);
		atomic_store(&l->counters.in_work, (int64_t)lanes_in_work(l->lanes));
		atomic_store(&l->counters.waiting, (int64_t)lanes_waiting(l->lanes));
		atomic_store(&l->counters.assigned, (int64_t)l->partitions.count);
	}
	return NULL;
}

static void release(struct delivery_loop *l)
{
	consumer_close(l->consumer);
	partitions_fini(&l->partitions);
	lanes_close(l->lanes);
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
	l->flush_at_mono_ms = INT64_MAX;
	delivery_counters_init(&l->counters);
	l->backoff = (struct backoff){ .base_ms = 50, .cap_ms = 1000 };
	l->lanes = lanes_open((size_t)config->max_concurrency);
	if (!l->lanes) {
		(void)error_set(err, ST_INTERNAL, "out of memory");
		goto fail;
	}
	if (delivery_store_open(&l->store, &store, err) != ST_OK ||
	    consumer_open(&l->consumer, &config->kafka, config->group, &callbacks, err) != ST_OK)
		goto fail;
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
	parking_metrics(&l->parking, out);
}
