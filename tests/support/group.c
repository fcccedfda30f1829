#include "tests/support/group.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>

#include "tests/support/fixture.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

#define ANSWER_MS 30000

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[200];

	cr_assert_eq(rd_kafka_conf_set(conf, name, value, why, sizeof(why)), RD_KAFKA_CONF_OK, "%s",
		     why);
}

/* A client with the group's name that joins nothing. */
static rd_kafka_t *open_client(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[200];
	rd_kafka_t *rk;

	set(conf, "bootstrap.servers", stack_kafka());
	set(conf, "group.id", fixture.group);
	set(conf, "enable.auto.commit", "false");
	set(conf, "log_level", "2");
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	cr_assert_not_null(rk, "%s", why);
	return rk;
}

static rd_kafka_topic_partition_list_t *list_of(int partition)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	(void)rd_kafka_topic_partition_list_add(list, fixture.topic, partition);
	return list;
}

int64_t group_committed(int partition)
{
	rd_kafka_t *rk = open_client();
	rd_kafka_topic_partition_list_t *list = list_of(partition);
	rd_kafka_resp_err_t code = rd_kafka_committed(rk, list, ANSWER_MS);
	int64_t offset = list->elems[0].offset;

	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
	cr_assert_eq(code, RD_KAFKA_RESP_ERR_NO_ERROR, "%s", rd_kafka_err2str(code));
	return offset < 0 ? -1 : offset;
}

void group_reset(int partition, int64_t offset)
{
	rd_kafka_t *rk = open_client();
	rd_kafka_topic_partition_list_t *list = list_of(partition);
	rd_kafka_resp_err_t code;

	list->elems[0].offset = offset;
	code = rd_kafka_commit(rk, list, 0);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
	cr_assert_eq(code, RD_KAFKA_RESP_ERR_NO_ERROR, "%s", rd_kafka_err2str(code));
}

void group_delete(int partition)
{
	rd_kafka_t *rk = open_client();
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_topic_partition_list_t *list = list_of(partition);
	rd_kafka_DeleteConsumerGroupOffsets_t *request =
		rd_kafka_DeleteConsumerGroupOffsets_new(fixture.group, list);
	rd_kafka_event_t *event;

	rd_kafka_DeleteConsumerGroupOffsets(rk, &request, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, ANSWER_MS);
	cr_assert(event && !rd_kafka_event_error(event), "the offset is not deleted: %s",
		  event ? rd_kafka_event_error_string(event) : "no answer");
	rd_kafka_event_destroy(event);
	rd_kafka_DeleteConsumerGroupOffsets_destroy(request);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
}

/* --- a member ------------------------------------------------------------------------------ */

static rd_kafka_t *foreign;

static bool has_partitions(rd_kafka_t *rk)
{
	rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 100);
	rd_kafka_topic_partition_list_t *list = NULL;
	bool has = rd_kafka_assignment(rk, &list) == RD_KAFKA_RESP_ERR_NO_ERROR && list->cnt > 0;

	if (message)
		rd_kafka_message_destroy(message);
	if (list)
		rd_kafka_topic_partition_list_destroy(list);
	return has;
}

void group_join_foreign(void)
{
	rd_kafka_topic_partition_list_t *topics = list_of(RD_KAFKA_PARTITION_UA);

	foreign = open_client();
	(void)rd_kafka_poll_set_consumer(foreign);
	cr_assert_eq(rd_kafka_subscribe(foreign, topics), RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_topic_partition_list_destroy(topics);
	cr_assert(wait_until(ANSWER_MS, has_partitions(foreign)), "the group gives it nothing");
}

void group_leave_foreign(void)
{
	(void)rd_kafka_consumer_close(foreign);
	rd_kafka_destroy(foreign);
}
