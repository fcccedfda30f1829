/*
 * Hello, Kafka: prints each message of a topic. Consumers with the same GROUP share the partitions;
 * one that gets none has nothing to do. Kafka remembers how far the group has read.
 *
 * usage: hello-consumer BROKERS TOPIC GROUP
 */
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>

/* The group has shared out the partitions again. */
static void on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t what,
			 rd_kafka_topic_partition_list_t *partitions, void *context)
{
	(void)context;
	if (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		(void)rd_kafka_assign(consumer, NULL);
		return;
	}
	(void)printf(partitions->cnt > 0 ? "my partitions:" : "I have no partition: idle");
	for (int i = 0; i < partitions->cnt; i++)
		(void)printf(" %d", (int)partitions->elems[i].partition);
	(void)printf("\n");
	(void)rd_kafka_assign(consumer, partitions);
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[512];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return 1;
	(void)fprintf(stderr, "%s\n", why);
	return 0;
}

static rd_kafka_t *subscribe(char **argv)
{
	char why[512];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_t *consumer = NULL;

	rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
	if (set(conf, "bootstrap.servers", argv[1]) && set(conf, "group.id", argv[3]) &&
	    set(conf, "auto.offset.reset", "earliest")) /* a new group begins at the beginning */
		consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	(void)rd_kafka_topic_partition_list_add(topics, argv[2], RD_KAFKA_PARTITION_UA);
	if (consumer) {
		(void)rd_kafka_poll_set_consumer(consumer);
		(void)rd_kafka_subscribe(consumer, topics);
	}
	rd_kafka_topic_partition_list_destroy(topics);
	return consumer;
}

static void print(const rd_kafka_message_t *m)
{
	if (m->err)
		(void)printf("(%s)\n", rd_kafka_message_errstr(m)); /* it goes on by itself */
	else
		(void)printf("receive message: %.*s (partition %d, offset %lld)\n", (int)m->len,
			     (char *)m->payload, (int)m->partition, (long long)m->offset);
}

int main(int argc, char **argv)
{
	const struct timespec no_time = { 0 };
	sigset_t stop;
	rd_kafka_t *consumer;

	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGINT);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &stop, NULL); /* the library's threads inherit it */
	consumer = argc == 4 ? subscribe(argv) : NULL;
	if (!consumer) {
		(void)fprintf(stderr, "usage: hello-consumer BROKERS TOPIC GROUP\n");
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	while (sigtimedwait(&stop, NULL, &no_time) < 0) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, 100);

		if (m)
			print(m);
		if (m)
			rd_kafka_message_destroy(m);
	}
	(void)rd_kafka_consumer_close(
		consumer); /* leaves the group, so that others take over at once */
	rd_kafka_destroy(consumer);
	return 0;
}
