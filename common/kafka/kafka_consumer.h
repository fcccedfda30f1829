/*
 * A member of the consumer group: messages in, rebalances out. Cooperative: a partition that
 * stays is not interrupted when others come or go. Positions are the owner's, who names the
 * offset to start from; what is committed to Kafka is only for the tools that show lag. No type of
 * librdkafka is named here, so that a program can link another consumer in its place.
 *
 * Threads: everything, the callbacks too, on the one thread that polls; what says so any, while it
 * is open.
 */
#ifndef COMMON_KAFKA_KAFKA_CONSUMER_H
#define COMMON_KAFKA_KAFKA_CONSUMER_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/event/message.h"
#include "common/kafka/kafka_settings.h"

struct kafka_consumer;

struct kafka_consumer_callbacks {
	/* A partition is ours from now on. Returns the offset to start from, -1 to give the
	 * assignment back (stopping). May block for as long as the database is away. */
	int64_t (*assigned)(void *context, int32_t partition);
	/* It is no longer ours, whether we were asked or not: write nothing more for it. */
	void (*revoked)(void *context, int32_t partition);
	/* The log has nothing to be read before offset now, however much lies between the last
	 * message and there: control records, aborted transactions, what was deleted. */
	void (*end_reached)(void *context, int32_t partition, int64_t offset);
	void *context;
};

/* Joins group on settings->topic; the strings and callbacks' context are borrowed until close.
 * ST_INVALID: a setting. */
MUST_CHECK enum status kafka_consumer_open(struct kafka_consumer **out,
					   const struct kafka_settings *settings, const char *group,
					   const struct kafka_consumer_callbacks *callbacks,
					   struct error *err);

/*
 * Leaves the group, and joins it again. Unsubscribed, it goes on polling: the partitions are
 * revoked in the polls that follow, and the group hears of it then. ST_INVALID: a setting.
 */
void kafka_consumer_unsubscribe(struct kafka_consumer *consumer);
/* With another client of Kafka, if the one before is stuck. Blocks for some 2 s then. */
MUST_CHECK enum status kafka_consumer_subscribe(struct kafka_consumer *consumer, struct error *err);

/*
 * Leaves the group permanently, so that others take over at once. Bounded: behind a join that the
 * broker holds back (it waits for another member) a leave can wait too; then the session times out
 * instead.
 */
void kafka_consumer_leave(struct kafka_consumer *consumer);

/* After kafka_consumer_leave. */
void kafka_consumer_close(struct kafka_consumer *consumer);

/* The next message, borrowed until the next poll, or NULL; runs the callbacks. Errors are logged
 * here: the consumer recovers from them by itself. */
const struct message *kafka_consumer_poll(struct kafka_consumer *consumer, int timeout_ms);

/* Ends a poll that waits, or the next one that would. Any thread; none any more when it leaves. */
void kafka_consumer_wake(struct kafka_consumer *consumer);

/* Pauses and resumes one partition. */
void kafka_consumer_pause(struct kafka_consumer *consumer, int32_t partition, bool paused);

/* Reads on from offset in a partition that is ours. False: not possible now. */
MUST_CHECK bool kafka_consumer_seek(struct kafka_consumer *consumer, int32_t partition,
				    int64_t offset);

/* True if the group has given our partitions to others and we have not yet been told. */
bool kafka_consumer_assignment_lost(struct kafka_consumer *consumer);

/* Commits next_offset to Kafka, within a second or at close: everything below it is done. One below
 * what is committed is ignored. */
void kafka_consumer_store(struct kafka_consumer *consumer, int32_t partition, int64_t next_offset);

/* Commits next_offset to Kafka soon, whatever is committed there: what tools show is true again.
 * Done by itself for what assigned returns. */
void kafka_consumer_commit(struct kafka_consumer *consumer, int32_t partition, int64_t next_offset);

/*
 * Writes the end of each partition of list as its offset, as who reads committed sees it: a
 * transaction that is open lies behind it. The broker's answer, which is waited for half a second
 * at most, or the high watermark that was last heard; negative: not known. Any thread.
 */
void kafka_consumer_high_watermarks(struct kafka_consumer *consumer, struct topic_offset *list,
				    size_t count);

/* Where the partition's log begins, as the latest fetch said: not behind what was received
 * since, for that log. Negative: not known. */
int64_t kafka_consumer_log_start(struct kafka_consumer *consumer, int32_t partition);

/* Nothing will come from a partition that is ours, though the brokers have it: the client has lost
 * its leader permanently (kafka_stuck.h). To be called again and again; it may ask the brokers, for
 * a second at most. Unsubscribe and subscribe then. */
bool kafka_consumer_is_stuck(struct kafka_consumer *consumer);

/* Assignments and revocations so far. Any thread. */
int64_t kafka_consumer_rebalances(const struct kafka_consumer *consumer);

/* Why the group does not take us: a broker's words. NULL: it has us, or has not refused. */
const char *kafka_consumer_refusal(const struct kafka_consumer *consumer);

/* No rebalance is in progress; at most a moment old. */
bool kafka_consumer_is_steady(const struct kafka_consumer *consumer);

/* True if the group's coordinator, a broker, is connected; at most a moment old. Any thread. */
bool kafka_consumer_reachable(struct kafka_consumer *consumer);

#endif
