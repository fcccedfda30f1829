#include "common/kafka/kafka_consumer.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/kafka/kafka_consumer_conf.h"
#include "common/kafka/kafka_ends.h"
#include "common/kafka/kafka_group.h"
#include "common/kafka/kafka_handle.h"
#include "common/kafka/kafka_message.h"
#include "common/kafka/kafka_metadata.h"
#include "common/kafka/kafka_stuck.h"
#include "common/kafka/kafka_workarounds.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define ASK_MS  1000
#define ENDS_MS 500

struct kafka_consumer {
	struct kafka_handle handle;
	struct kafka_settings settings;
	const char *group_id;
	const char *topic;
	struct kafka_consumer_callbacks callbacks;
	int64_t next_log_mono_ms;
	_Atomic int64_t rebalances;
	bool leaving;
	bool subscribed;
	bool renews;              /* at the next subscribe */
	struct kafka_group group; /* as the latest statistics say */
	struct kafka_stuck stuck; /* likewise */
	/* What kafka_consumer_poll returned last: */
	rd_kafka_message_t *polled;
	bool unread; /* polled is still to be returned */
	struct kafka_message message;
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

/* Kafka may have other offsets than the owner: somebody has set or deleted them. */
static void commit(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *partitions)
{
	if (partitions->cnt > 0)
		(void)rd_kafka_commit(rk, partitions, 1);
}

static void log_rebalance_error(rd_kafka_error_t *error)
{
	if (!error)
		return;
	log_warn("consumer", "rebalance", "error=%s", LOG_QUOTE(rd_kafka_error_string(error)));
	rd_kafka_error_destroy(error);
}

/* Runs inside kafka_consumer_poll, and inside a leave or a renewal on the thread that closes: then
 * nothing is ours. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
			 rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
	struct kafka_consumer *c = opaque;
	const bool ours = !c->leaving && rk == c->handle.rk;

	atomic_fetch_add(&c->rebalances, 1);
	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		if (!ours || !claim_all(c, partitions))
			partitions->cnt = 0; /* the group hears of it when we leave */
		log_rebalance_error(rd_kafka_incremental_assign(rk, partitions));
		commit(rk, partitions);
	} else {
		if (ours) /* else the owner has forgotten them already */
			drop_all(c, partitions);
		kafka_workarounds_keep_assigned(rk, partitions);
		log_rebalance_error(rd_kafka_incremental_unassign(rk, partitions));
	}
	if (ours)
		kafka_workarounds_wake_fetchers(rk);
}

/* Runs inside kafka_consumer_poll. */
static int on_statistics(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
	struct kafka_consumer *c = opaque;

	if (rk != c->handle.rk)
		return 0;
	kafka_group_read(&c->group, json, len);
	if (rd_kafka_version() >= KAFKA_STUCK_SINCE_VERSION)
		kafka_stuck_read(&c->stuck, json, atomic_load(&c->group.coordinated),
				 clock_mono_ms());
	return 0;
}

static void forget_polled(struct kafka_consumer *c)
{
	if (c->polled)
		rd_kafka_message_destroy(c->polled);
	c->polled = NULL;
	c->unread = false;
}

/* NULL: a bad setting. */
static rd_kafka_conf_t *new_conf(struct kafka_consumer *c, struct error *err)
{
	rd_kafka_conf_t *conf = NULL;

	if (kafka_consumer_conf(&conf, &c->settings, c->group_id, err) != ST_OK)
		return NULL;
	rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
	rd_kafka_conf_set_stats_cb(conf, on_statistics);
	rd_kafka_conf_set_opaque(conf, c);
	return conf;
}

/* It has unsubscribed, and nothing is ours. */
static enum status renew(struct kafka_consumer *c, struct error *err)
{
	rd_kafka_conf_t *conf = new_conf(c, err);

	forget_polled(c);
	if (!conf || kafka_handle_renew(&c->handle, conf, &c->group, err) != ST_OK)
		return err->status;
	kafka_group_reset(&c->group);
	c->stuck = (struct kafka_stuck){ 0 };
	c->renews = false;
	log_warn("consumer", "another client of Kafka takes the place of the one that was stuck",
		 "");
	return ST_OK;
}

enum status kafka_consumer_subscribe(struct kafka_consumer *c, struct error *err)
{
	rd_kafka_topic_partition_list_t *topics;
	rd_kafka_resp_err_t code;

	if (c->renews && renew(c, err) != ST_OK)
		return err->status;
	topics = rd_kafka_topic_partition_list_new(1);
	(void)rd_kafka_topic_partition_list_add(topics, c->topic, RD_KAFKA_PARTITION_UA);
	code = rd_kafka_subscribe(c->handle.rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	if (code)
		return error_set(err, ST_INVALID, "cannot subscribe to %s: %s", c->topic,
				 rd_kafka_err2str(code));
	c->subscribed = true;
	return ST_OK;
}

enum status kafka_consumer_open(struct kafka_consumer **out, const struct kafka_settings *settings,
				const char *group, const struct kafka_consumer_callbacks *callbacks,
				struct error *err)
{
	struct kafka_consumer *c = calloc(1, sizeof(*c));
	rd_kafka_conf_t *conf;

	if (!c)
		return error_set(err, ST_INTERNAL, "out of memory");
	c->settings = *settings;
	c->group_id = group;
	c->topic = settings->topic;
	c->callbacks = *callbacks;
	conf = new_conf(c, err);
	if (!conf || kafka_handle_open(&c->handle, conf, err) != ST_OK) {
		free(c);
		return err->status;
	}
	if (kafka_consumer_subscribe(c, err) != ST_OK) {
		kafka_consumer_leave(c);
		kafka_consumer_close(c);
		return err->status;
	}
	*out = c;
	return ST_OK;
}

void kafka_consumer_unsubscribe(struct kafka_consumer *c)
{
	c->subscribed = false;
	(void)rd_kafka_unsubscribe(c->handle.rk);
}

void kafka_consumer_leave(struct kafka_consumer *c)
{
	c->leaving = true;
	forget_polled(c);
	kafka_handle_leave(&c->handle, &c->group, c->subscribed);
}

void kafka_consumer_close(struct kafka_consumer *c)
{
	if (!c || !kafka_handle_close(&c->handle))
		return;
	kafka_message_fini(&c->message);
	free(c);
}

/* --- messages ------------------------------------------------------------------------------ */

static void log_poll_error(struct kafka_consumer *c, const char *why)
{
	if (log_due(&c->next_log_mono_ms, 5000))
		log_warn("consumer", "consume error", "error=%s", LOG_QUOTE(why));
}

/* True if an error is only that: the partition is read to its end. */
static bool is_end(const rd_kafka_message_t *m)
{
	return m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
}

/* What a broker says of no topic, it says of the group. */
static void take_error(struct kafka_consumer *c, const rd_kafka_message_t *m)
{
	log_poll_error(c, rd_kafka_message_errstr(m));
	if (m->err > 0 && !m->rkt)
		kafka_group_refused(&c->group, rd_kafka_message_errstr(m));
}

/* Something came that is no message. */
static void take_notice(struct kafka_consumer *c, const rd_kafka_message_t *m)
{
	if (is_end(m))
		c->callbacks.end_reached(c->callbacks.context, m->partition, m->offset);
	else
		take_error(c, m);
}

/* The message that came; NULL: out of memory, it is read again by the next poll, or a gap that
 * looks like none would be left. */
static const struct message *read_polled(struct kafka_consumer *c)
{
	c->unread = !kafka_message_read(&c->message, c->polled);
	if (!c->unread)
		return &c->message.plain;
	log_poll_error(c, "out of memory");
	return NULL;
}

const struct message *kafka_consumer_poll(struct kafka_consumer *c, int timeout_ms)
{
	bool ended = true;

	if (c->unread)
		return read_polled(c);
	for (; ended; timeout_ms = 0) {
		forget_polled(c);
		c->polled = rd_kafka_consumer_poll(c->handle.rk, timeout_ms);
		if (!c->polled)
			return NULL;
		if (!c->polled->err)
			return read_polled(c);
		ended = is_end(c->polled);
		take_notice(c, c->polled);
	}
	return NULL;
}

void kafka_consumer_wake(struct kafka_consumer *c)
{
	kafka_handle_wake(&c->handle);
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
		(void)rd_kafka_pause_partitions(c->handle.rk, list);
	else
		(void)rd_kafka_resume_partitions(c->handle.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
}

bool kafka_consumer_seek(struct kafka_consumer *c, int32_t partition, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = one_partition(c, partition);
	rd_kafka_error_t *error;
	bool done;

	list->elems[0].offset = offset;
	error = rd_kafka_seek_partitions(c->handle.rk, list, 1000);
	done = !error && !list->elems[0].err;
	log_rebalance_error(error);
	rd_kafka_topic_partition_list_destroy(list);
	return done;
}

bool kafka_consumer_assignment_lost(struct kafka_consumer *c)
{
	return rd_kafka_assignment_lost(c->handle.rk) != 0;
}

void kafka_consumer_store(struct kafka_consumer *c, int32_t partition, int64_t next_offset)
{
	rd_kafka_topic_partition_list_t *list = one_partition(c, partition);

	list->elems[0].offset = next_offset;
	(void)rd_kafka_offsets_store(c->handle.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
}

void kafka_consumer_commit(struct kafka_consumer *c, int32_t partition, int64_t next_offset)
{
	rd_kafka_topic_partition_list_t *list = one_partition(c, partition);

	list->elems[0].offset = next_offset;
	commit(c->handle.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
}

bool kafka_consumer_is_steady(const struct kafka_consumer *c)
{
	return c->group.steady;
}

const char *kafka_consumer_refusal(const struct kafka_consumer *c)
{
	return c->group.refusal[0] ? c->group.refusal : NULL;
}

bool kafka_consumer_reachable(struct kafka_consumer *c)
{
	return atomic_load(&c->group.coordinated);
}

int64_t kafka_consumer_log_start(struct kafka_consumer *c, int32_t partition)
{
	return kafka_ends_start(c->handle.rk, c->topic, partition);
}

void kafka_consumer_high_watermarks(struct kafka_consumer *c, struct topic_offset *list,
				    size_t count)
{
	rd_kafka_t *rk = kafka_handle_borrow(&c->handle);

	kafka_ends_find(rk, c->topic, list, count, kafka_consumer_reachable(c) ? ENDS_MS : 0);
	kafka_handle_give_back(&c->handle);
}

bool kafka_consumer_is_stuck(struct kafka_consumer *c)
{
	if (kafka_stuck_is_suspect(&c->stuck, clock_mono_ms()))
		c->renews = kafka_metadata_has_leader(c->handle.rk, c->topic, c->stuck.partition,
						      ASK_MS);
	return c->renews;
}

int64_t kafka_consumer_rebalances(const struct kafka_consumer *c)
{
	return atomic_load(&c->rebalances);
}
