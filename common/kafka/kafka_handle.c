#include "common/kafka/kafka_handle.h"

#include <stdlib.h>

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_workarounds.h"

/* The locks are the caller's. */
static enum status new_client(struct kafka_handle *h, rd_kafka_conf_t *conf, struct error *err)
{
	struct kafka_workarounds *workarounds = calloc(1, sizeof(*workarounds));

	if (!workarounds) {
		rd_kafka_conf_destroy(conf);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	if (kafka_conf_client(&workarounds->rk, RD_KAFKA_CONSUMER, conf, err) != ST_OK) {
		free(workarounds);
		return err->status;
	}
	h->workarounds = workarounds;
	h->rk = workarounds->rk;
	(void)rd_kafka_poll_set_consumer(h->rk);
	h->queue = rd_kafka_queue_get_consumer(h->rk);
	return ST_OK;
}

enum status kafka_handle_open(struct kafka_handle *h, rd_kafka_conf_t *conf, struct error *err)
{
	*h = (struct kafka_handle){ 0 };
	if (new_client(h, conf, err) != ST_OK)
		return err->status;
	(void)pthread_rwlock_init(&h->mu, NULL);
	return ST_OK;
}

/* False: it has not ended in time, and goes on. */
static bool end_client(struct kafka_workarounds *workarounds, rd_kafka_queue_t *queue)
{
	/* librdkafka may still be closing: the process's end ends it. It aborts when a cooperative
	 * member is destroyed while it joins, and hangs when it is destroyed while its close waits
	 * for a broker that is away. */
	if (!atomic_load(&workarounds->left))
		return false;
	rd_kafka_queue_destroy(queue);
	if (!kafka_workarounds_destroy(workarounds->rk))
		return false;
	free(workarounds);
	return true;
}

enum status kafka_handle_renew(struct kafka_handle *h, rd_kafka_conf_t *conf,
			       const struct kafka_group *group, struct error *err)
{
	struct kafka_workarounds *before = h->workarounds;
	rd_kafka_queue_t *queue = h->queue;
	enum status st;

	(void)pthread_rwlock_wrlock(&h->mu);
	st = new_client(h, conf, err);
	(void)pthread_rwlock_unlock(&h->mu);
	if (st != ST_OK)
		return st;
	kafka_workarounds_leave(before, group, false);
	h->haunted |= !end_client(before, queue);
	return ST_OK;
}

void kafka_handle_leave(struct kafka_handle *h, const struct kafka_group *group, bool subscribed)
{
	kafka_workarounds_leave(h->workarounds, group, subscribed);
}

bool kafka_handle_close(struct kafka_handle *h)
{
	if (!end_client(h->workarounds, h->queue) || h->haunted)
		return false;
	(void)pthread_rwlock_destroy(&h->mu);
	return true;
}

void kafka_handle_wake(struct kafka_handle *h)
{
	(void)pthread_rwlock_rdlock(&h->mu);
	rd_kafka_queue_yield(h->queue);
	(void)pthread_rwlock_unlock(&h->mu);
}

rd_kafka_t *kafka_handle_borrow(struct kafka_handle *h)
{
	(void)pthread_rwlock_rdlock(&h->mu);
	return h->rk;
}

void kafka_handle_give_back(struct kafka_handle *h)
{
	(void)pthread_rwlock_unlock(&h->mu);
}
