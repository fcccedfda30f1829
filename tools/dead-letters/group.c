#include "tools/dead-letters/group.h"

#include <stdbool.h>

#include "common/runtime/clock.h"

#define ANSWER_MS 10000
#define PAUSE_MS  100

static bool no_coordinator_yet(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
	       code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
	       code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
	       code == RD_KAFKA_RESP_ERR__WAIT_COORD;
}

static rd_kafka_resp_err_t ask(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t code = rd_kafka_committed(rk, list, ANSWER_MS);

	for (int i = 0; i < list->cnt && !code; i++)
		code = list->elems[i].err;
	return code;
}

rd_kafka_resp_err_t group_committed(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
	int64_t end = clock_mono_ms() + ANSWER_MS;
	rd_kafka_resp_err_t code;

	while (no_coordinator_yet(code = ask(rk, list)) && clock_mono_ms() < end)
		clock_pause_ms(PAUSE_MS);
	return code;
}

/* Bounded, as rd_kafka_commit is not: the broker may have gone while letters were sent. */
static rd_kafka_resp_err_t commit(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_resp_err_t code = rd_kafka_commit_queue(rk, list, queue, NULL, NULL);

	if (!code) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ANSWER_MS);

		code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	return code;
}

rd_kafka_resp_err_t group_commit(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list)
{
	int64_t end = clock_mono_ms() + ANSWER_MS;
	rd_kafka_resp_err_t code;

	while (no_coordinator_yet(code = commit(rk, list)) && clock_mono_ms() < end)
		clock_pause_ms(PAUSE_MS);
	return code;
}
