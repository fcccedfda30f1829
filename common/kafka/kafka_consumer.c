#include "common/kafka/kafka_consumer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define STATISTICS_MS "100" /* how long a leave waits for the join state at most */

/*
 * A leave takes some 50 ms, but librdkafka 2.0.2 ends without one when it is closed in the middle
 * of a rebalance, and the group then waits for the dead member's session to time out. So a leave
 * waits for a quiet moment: up to two joins of a cooperative rebalance, which librdkafka lets
 * happen once a second at most.
 */
#define STEADY_MAX_MS    2500
#define UNCOORDINATED_MS 500 /* without a coordinator for so long, there is nothing to leave */
#define CLOSE_MAX_MS     700 /* the broker may be away without our knowing yet */
#define DESTROY_MAX_MS   500 /* it takes a few */

struct kafka_consumer {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue; /* what is polled */
	const char *topic;
	struct kafka_consumer_callbacks callbacks;
	int64_t next_log_mono_ms;
	_Atomic int64_t rebalances;
	bool leaving;
	/* As the latest statistics say: */
	_Atomic bool coordinated; /* the group's coordinator is connected */
	bool steady;              /* and no rebalance is under way */
	int64_t statistics;
	/*
	 * The close came to its end. librdkafka 2.0.2 aborts when a cooperative member is destroyed
	 * while it joins (confluentinc/librdkafka issue 4312, mended in 2.3.0), and hangs when it
	 * is destroyed while its close waits for a broker that is away.
	 */
	_Atomic bool left;
	_Atomic bool destroyed;
};

/*
 * Fills in where to start. False: at least one partition cannot be claimed. Always a number, 0 too,
 * and where the log begins later auto.offset.reset finds it: for "the beginning" librdkafka 2.0.2
 * would ask a leader that it does not know yet at a start, and try again half a second later.
 */
static bool claim_all(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *partitions)
{
	for (int i = 0; i < partitions->cnt; i++) {
		rd_kafka_topic_partition_t *p = &partitions->elems[i];
		int64_t offset = c->callbacks.assigned(c->callbacks.context, p->partition);

		if (offset < 0)
			return false;
		p->offset = offset;
		log_info("consumer", "partition assigned", "partition=%" PRId32 " offset=%" PRId64,
			 p->partition, offset);
	}
	return true;
}

/* librdkafka keeps a pause beyond the assignment, and nobody would end it in the next one. */
static void drop_all(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *partitions)
{
	for (int i = 0; i < partitions->cnt; i++) {
		c->callbacks.revoked(c->callbacks.context, partitions->elems[i].partition);
		kafka_consumer_pause(c, partitions->elems[i].partition, false);
		log_info("consumer", "partition revoked", "partition=%" PRId32,
			 partitions->elems[i].partition);
	}
}

static void log_rebalance_error(rd_kafka_error_t *error)
{
	if (!error)
		return;
	log_warn("consumer", "rebalance", "error=%s", LOG_QUOTE(rd_kafka_error_string(error)));
	rd_kafka_error_destroy(error);
}

/* Asks the brokers for the end of each partition of the list. False: no answer in time. */
static bool ask_high_watermarks(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
				int timeout_ms)
{
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = RD_KAFKA_OFFSET_END;
	return rd_kafka_offsets_for_times(c->rk, list, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/*
 * librdkafka 2.0.2 pauses all partitions for a rebalance, those that stay too. When they may go on,
 * nothing tells the threads that fetch: each looks again when its broker answers something. So the
 * brokers are asked for something; the answer is of no interest.
 */
static void wake_fetchers(struct kafka_consumer *c)
{
	rd_kafka_topic_partition_list_t *list;

	if (rd_kafka_assignment(c->rk, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	if (list->cnt > 0)
		(void)ask_high_watermarks(c, list, 1);
	rd_kafka_topic_partition_list_destroy(list);
}

/* Runs inside kafka_consumer_poll and kafka_consumer_close, between two transactions of the loop.
 */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
			 rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
	struct kafka_consumer *c = opaque;

	atomic_fetch_add(&c->rebalances, 1);
	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		if (c->leaving || !claim_all(c, partitions))
			partitions->cnt = 0; /* the group hears of it when we leave */
		log_rebalance_error(rd_kafka_incremental_assign(rk, partitions));
	} else {
		if (!c->leaving) /* else the owner has forgotten them already */
			drop_all(c, partitions);
		log_rebalance_error(rd_kafka_incremental_unassign(rk, partitions));
	}
	if (!c->leaving)
		wake_fetchers(c);
}

/* Runs inside kafka_consumer_poll. The statistics are the only place that tells the join state. */
static int on_statistics(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
	static const char up[] = "\"cgrp\": { \"state\": \"up\"";
	static const char steady[] = "\"join_state\": \"steady\"";
	struct kafka_consumer *c = opaque;

	(void)rk;
	atomic_store(&c->coordinated, memmem(json, len, up, sizeof(up) - 1) != NULL);
	c->steady = memmem(json, len, steady, sizeof(steady) - 1) != NULL;
	c->statistics++;
	return 0;
}

static enum status subscribe(struct kafka_consumer *c, struct error *err)
{
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t code;

	(void)rd_kafka_topic_partition_list_add(topics, c->topic, RD_KAFKA_PARTITION_UA);
	code = rd_kafka_subscribe(c->rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	if (code)
		return error_set(err, ST_INVALID, "cannot subscribe to %s: %s", c->topic,
				 rd_kafka_err2str(code));
	return ST_OK;
}

/* NULL: a bad setting. */
static rd_kafka_conf_t *new_conf(struct kafka_consumer *c, const struct kafka_settings *settings,
				 const char *group, struct error *err)
{
	/* clang-format off */
	const char *const pairs[] = {
		"group.id", group,
		"partition.assignment.strategy", "cooperative-sticky",
		/* How soon others take over from a member that died; the least that brokers allow. */
		"session.timeout.ms", "6000",
		/* Also how soon a member hears that another one comes or goes. */
		"heartbeat.interval.ms", "300",
		"auto.offset.reset", "earliest",
		"enable.auto.offset.store", "false",
		"auto.commit.interval.ms", "1000",
		/*
		 * What librdkafka holds for us; the lanes hold their own bounded share. librdkafka
		 * 2.0.2 fetches no more while it holds queued.min.messages, and nothing tells it
		 * that they are taken: it looks again after a second, or when its thread wakes for
		 * another reason, such as the metadata (confluentinc/librdkafka issue 2879).
		 */
		"queued.max.messages.kbytes", "16384",
		"queued.min.messages", "30000",
		"topic.metadata.refresh.interval.ms", "200",
		"fetch.max.bytes", "4194304",
		"fetch.error.backoff.ms", "100",
		/* A partition that comes or is resumed waits for the fetch of the others to end. */
		"fetch.wait.max.ms", "100",
		"statistics.interval.ms", STATISTICS_MS,
		NULL,
	};
	/* clang-format on */
	rd_kafka_conf_t *conf = NULL;

	if (kafka_conf(&conf, settings, pairs, err) != ST_OK)
		return NULL;
	rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
	rd_kafka_conf_set_stats_cb(conf, on_statistics);
	rd_kafka_conf_set_opaque(conf, c);
	return conf;
}

enum status kafka_consumer_open(struct kafka_consumer **out, const struct kafka_settings *settings,
				const char *group, const struct kafka_consumer_callbacks *callbacks,
				struct error *err)
{
	struct kafka_consumer *c = calloc(1, sizeof(*c));
	rd_kafka_conf_t *conf;
	char why[200];

	if (!c)
		return error_set(err, ST_INTERNAL, "out of memory");
	c->topic = settings->topic;
	c->callbacks = *callbacks;
	conf = new_conf(c, settings, group, err);
	if (!conf)
		goto fail_conf;
	c->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (!c->rk) {
		rd_kafka_conf_destroy(conf);
		(void)error_set(err, ST_INVALID, "Kafka consumer: %s", why);
		goto fail_conf;
	}
	(void)rd_kafka_poll_set_consumer(c->rk);
	c->queue = rd_kafka_queue_get_consumer(c->rk);
	if (subscribe(c, err) != ST_OK)
		goto fail_subscribe;
	*out = c;
	return ST_OK;

fail_subscribe:
	rd_kafka_queue_destroy(c->queue);
	rd_kafka_destroy(c->rk); /* it has joined nothing */
fail_conf:
	free(c);
	return err->status;
}

/* Polls on until no rebalance is under way. False: none of the group's state is known, or the
 * rebalance does not end. */
static bool wait_until_steady(struct kafka_consumer *c)
{
	int64_t before = c->statistics, now = clock_mono_ms();

	for (int64_t end = now + STEADY_MAX_MS; clock_mono_ms() < end;) {
		rd_kafka_message_t *m = kafka_consumer_poll(c, 20);

		if (m)
			rd_kafka_message_destroy(m);
		if (c->statistics == before)
			continue;
		if (c->steady)
			return true;
		if (!c->coordinated && clock_mono_ms() > now + UNCOORDINATED_MS)
			return false;
	}
	return false;
}

static void *close_consumer(void *arg)
{
	struct kafka_consumer *c = arg;

	(void)rd_kafka_consumer_close(c->rk);
	atomic_store(&c->left, true);
	return NULL;
}

static void *destroy_consumer(void *arg)
{
	struct kafka_consumer *c = arg;

	rd_kafka_destroy(c->rk);
	atomic_store(&c->destroyed, true);
	return NULL;
}

/* Runs a step that may never come to its end, in a thread of its own. False: it has not ended in
 * that time, and goes on. */
static bool run_with_deadline(struct kafka_consumer *c, void *(*step)(void *),
			      const _Atomic bool *ended, int64_t max_ms)
{
	int64_t end = clock_mono_ms() + max_ms;
	pthread_t thread;

	if (pthread_create(&thread, NULL, step, c) != 0)
		return false;
	(void)pthread_detach(thread);
	while (!atomic_load(ended) && clock_mono_ms() < end)
		clock_pause_ms(2);
	return atomic_load(ended);
}

void kafka_consumer_leave(struct kafka_consumer *c)
{
	c->leaving = true;
	if (!wait_until_steady(c))
		(void)rd_kafka_unsubscribe(c->rk); /* so that it does not join just now */
	else if (!run_with_deadline(c, close_consumer, &c->left, CLOSE_MAX_MS))
		log_warn("consumer", "the group has not confirmed the leave", "waited_ms=%d",
			 CLOSE_MAX_MS);
}

void kafka_consumer_close(struct kafka_consumer *c)
{
	/* Unless it has left, librdkafka may still be at it: the rest ends with the process. */
	if (!c || !atomic_load(&c->left))
		return;
	rd_kafka_queue_destroy(c->queue);
	/* librdkafka 2.0.2 waits for ever for a broker that was another one meanwhile. */
	if (run_with_deadline(c, destroy_consumer, &c->destroyed, DESTROY_MAX_MS))
		free(c);
}

rd_kafka_message_t *kafka_consumer_poll(struct kafka_consumer *c, int timeout_ms)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(c->rk, timeout_ms);

	if (!m || !m->err)
		return m;
	if (log_due(&c->next_log_mono_ms, 5000))
		log_warn("consumer", "cannot read now", "error=%s",
			 LOG_QUOTE(rd_kafka_message_errstr(m)));
	rd_kafka_message_destroy(m);
	return NULL;
}

void kafka_consumer_wake(struct kafka_consumer *c)
{
	rd_kafka_queue_yield(c->queue);
}

static rd_kafka_topic_partition_list_t *one_partition(const struct kafka_consumer *c,
						      int32_t partition)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	(void)rd_kafka_topic_partition_list_add(list, c->topic, partition);
	return list;
}

void kafka_consumer_pause(struct kafka_consumer *c, int32_t partition, bool paused)
{
	rd_kafka_topic_partition_list_t *list = one_partition(c, partition);

	if (paused)
		(void)rd_kafka_pause_partitions(c->rk, list);
	else
		(void)rd_kafka_resume_partitions(c->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
}

bool kafka_consumer_seek(struct kafka_consumer *c, int32_t partition, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = one_partition(c, partition);
	rd_kafka_error_t *error;
	bool done;

	list->elems[0].offset = offset;
	error = rd_kafka_seek_partitions(c->rk, list, 1000);
	done = !error && !list->elems[0].err;
	log_rebalance_error(error);
	rd_kafka_topic_partition_list_destroy(list);
	return done;
}

bool kafka_consumer_assignment_lost(struct kafka_consumer *c)
{
	return rd_kafka_assignment_lost(c->rk) != 0;
}

void kafka_consumer_store(struct kafka_consumer *c, int32_t partition, int64_t next_offset)
{
	rd_kafka_topic_partition_list_t *list = one_partition(c, partition);

	list->elems[0].offset = next_offset;
	(void)rd_kafka_offsets_store(c->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
}

bool kafka_consumer_reachable(struct kafka_consumer *c)
{
	return atomic_load(&c->coordinated);
}

/* The end that came with the latest fetch: of a paused partition it is an old one. */
static int64_t last_high_watermark(struct kafka_consumer *c, int32_t partition)
{
	int64_t low, high;

	if (rd_kafka_get_watermark_offsets(c->rk, c->topic, partition, &low, &high) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return -1;
	return high;
}

void kafka_consumer_high_watermarks(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *list)
{
	bool asked = kafka_consumer_reachable(c) && ask_high_watermarks(c, list, 500);

	for (int i = 0; i < list->cnt; i++) {
		rd_kafka_topic_partition_t *p = &list->elems[i];

		if (!asked || p->err || p->offset < 0)
			p->offset = last_high_watermark(c, p->partition);
	}
}

int64_t kafka_consumer_rebalances(const struct kafka_consumer *c)
{
	return atomic_load(&c->rebalances);
}
