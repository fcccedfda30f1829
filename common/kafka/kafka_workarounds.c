/*
 * With a librdkafka newer than 2.0.2 (Debian 12's):
 * - kafka_workarounds_wake_fetchers can go when a rebalance no longer pauses the partitions that
 * stay.
 * - The wait for a steady group can go when a close in the middle of a rebalance leaves the group.
 * - Closing and destroying in threads can go when neither hangs while a broker is away, and when
 *   the destruction of a joining member does not abort (confluentinc/librdkafka issue 4312,
 *   corrected in 2.3.0).
 * tests/integration/alone/ (rebalance, stops, outages) fails if one of them goes too early.
 * The settings that are bound to the version are in kafka_consumer_conf.c (issue 2879).
 */
#include "common/kafka/kafka_workarounds.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"

/*
 * A leave takes some 50 ms, but librdkafka 2.0.2 ends without one when it is closed in the middle
 * of a rebalance, and the group then waits for the dead member's session to time out. So a leave
 * waits until the group is steady: up to two joins of a cooperative rebalance, which librdkafka
 * lets happen once a second at most.
 */
#define STEADY_MAX_MS    2500
#define UNCOORDINATED_MS 500  /* without a coordinator for so long, there is nothing to leave */
#define CLOSE_MAX_MS     700  /* the broker may be away, and the client not know it yet */
#define DESTROY_MAX_MS   2000 /* it takes a few */

/*
 * librdkafka 2.0.2 pauses all partitions for a rebalance, those that stay too. When they are
 * resumed, nothing tells the threads that fetch: each looks again when its broker answers
 * something. So the brokers are asked for something; the answer is of no interest.
 */
void kafka_workarounds_wake_fetchers(rd_kafka_t *rk)
{
	rd_kafka_topic_partition_list_t *list;

	if (rd_kafka_assignment(rk, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = RD_KAFKA_OFFSET_END;
	if (list->cnt > 0)
		(void)rd_kafka_offsets_for_times(rk, list, 1);
	rd_kafka_topic_partition_list_destroy(list);
}

/* Polls until no rebalance is in progress. False: none of the group's state is known, or the
 * rebalance does not end. */
static bool wait_until_steady(rd_kafka_t *rk, const struct kafka_group *group)
{
	int64_t before = group->statistics, start = clock_mono_ms();

	while (clock_mono_ms() < start + STEADY_MAX_MS) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 20);

		if (m)
			rd_kafka_message_destroy(m);
		if (group->statistics == before)
			continue;
		if (group->steady)
			return true;
		if (!atomic_load(&group->coordinated) && clock_mono_ms() > start + UNCOORDINATED_MS)
			return false;
	}
	return false;
}

/* Runs a step that may never end, in a thread of its own. False: it has not ended in that time,
 * and goes on. */
static bool run_with_deadline(void *(*step)(void *), void *context, const _Atomic bool *ended,
			      int64_t max_ms)
{
	int64_t end = clock_mono_ms() + max_ms;
	pthread_t thread;

	if (pthread_create(&thread, NULL, step, context) != 0)
		return false;
	(void)pthread_detach(thread);
	while (!atomic_load(ended) && clock_mono_ms() < end)
		clock_pause_ms(2);
	return atomic_load(ended);
}

/* --- the leave ----------------------------------------------------------------------------- */

static void *close_main(void *arg)
{
	struct kafka_workarounds *w = arg;

	(void)rd_kafka_consumer_close(w->rk);
	atomic_store(&w->left, true);
	return NULL;
}

void kafka_workarounds_leave(struct kafka_workarounds *w, const struct kafka_group *group,
			     bool subscribed)
{
	if (subscribed && !wait_until_steady(w->rk, group))
		(void)rd_kafka_unsubscribe(w->rk); /* so that it does not join just now */
	else if (!run_with_deadline(close_main, w, &w->left, CLOSE_MAX_MS))
		log_warn("consumer", "the group has not confirmed the leave", "waited_ms=%d",
			 CLOSE_MAX_MS);
}

/* --- the end ------------------------------------------------------------------------------- */

/* Of who waits and of the step: the last one that lets go of it frees it. */
struct end {
	rd_kafka_t *rk;
	_Atomic bool ended, released;
};

static void release_end(struct end *end)
{
	if (atomic_exchange(&end->released, true))
		free(end);
}

/* librdkafka 2.0.2 waits for ever for a broker that another one has replaced. */
static void *destroy_main(void *arg)
{
	struct end *end = arg;

	rd_kafka_destroy(end->rk);
	atomic_store(&end->ended, true);
	release_end(end);
	return NULL;
}

bool kafka_workarounds_destroy(rd_kafka_t *rk)
{
	struct end *end = malloc(sizeof(*end));
	bool ended;

	if (!end)
		return false;
	*end = (struct end){ .rk = rk };
	ended = run_with_deadline(destroy_main, end, &end->ended, DESTROY_MAX_MS);
	if (!ended)
		log_warn("kafka", "a client has not ended in time", "waited_ms=%d", DESTROY_MAX_MS);
	release_end(end);
	return ended;
}

void kafka_workarounds_keep_assigned(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *partitions)
{
	rd_kafka_topic_partition_list_t *assigned = NULL;

	if (rd_kafka_assignment(rk, &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	for (int i = partitions->cnt - 1; i >= 0; i--) {
		if (!rd_kafka_topic_partition_list_find(assigned, partitions->elems[i].topic,
							partitions->elems[i].partition))
			(void)rd_kafka_topic_partition_list_del_by_idx(partitions, i);
	}
	rd_kafka_topic_partition_list_destroy(assigned);
}
