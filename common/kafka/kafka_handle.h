/*
 * The client of Kafka that a consumer has, and the one that takes its place when it is stuck. A
 * client may hang at its end; then its memory is left to it.
 *
 * Threads: the owner's; what says so any.
 */
#ifndef COMMON_KAFKA_KAFKA_HANDLE_H
#define COMMON_KAFKA_KAFKA_HANDLE_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdbool.h>

#include "common/base/error.h"
#include "common/kafka/kafka_group.h"

struct kafka_workarounds;

struct kafka_handle {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue; /* what is polled */
	/* its own: */
	pthread_rwlock_t mu; /* over rk and queue, for threads that are not the owner's */
	struct kafka_workarounds *workarounds; /* owned, left to a client that hangs */
	bool haunted; /* a client before this one has not ended, and may call back */
};

/* A client that has joined nothing. Takes conf, also on an error; its callbacks may be called until
 * kafka_handle_close says that it has ended. ST_INVALID: its settings. */
MUST_CHECK enum status kafka_handle_open(struct kafka_handle *handle, rd_kafka_conf_t *conf,
					 struct error *err);

/* Likewise, in the place of one that has unsubscribed; it is ended, for some 2 s. On an error it
 * stays. */
MUST_CHECK enum status kafka_handle_renew(struct kafka_handle *handle, rd_kafka_conf_t *conf,
					  const struct kafka_group *group, struct error *err);

/* Leaves the group, if it is subscribed, within about 3 seconds; callbacks run in that time. */
void kafka_handle_leave(struct kafka_handle *handle, const struct kafka_group *group,
			bool subscribed);

/* After a leave. False: a client may still call back, so what it calls with has to stay. */
MUST_CHECK bool kafka_handle_close(struct kafka_handle *handle);

/* Ends a poll that waits, or the next one that would. Any thread; none any more once it leaves. */
void kafka_handle_wake(struct kafka_handle *handle);

/* The client, which stays as it is until kafka_handle_give_back. Any thread. */
rd_kafka_t *kafka_handle_borrow(struct kafka_handle *handle);
void kafka_handle_give_back(struct kafka_handle *handle);

#endif
