#include "tests/support/topic.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <string.h>

#include "common/kafka/kafka_metadata.h"
#include "tests/support/arena.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

#define DLQ               "dlq-kafka.delivery"
#define ANSWER_MS         10000
#define MESSAGE_MAX_BYTES "2097152"

static struct tail *tails; /* all that are open */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[200];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		cr_assert_fail("%s=%s: %s", name, value, why);
}

/* A client with the given pairs (name, value, ..., NULL). */
static rd_kafka_t *client_open(rd_kafka_type_t type, const char *const *pairs)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[200];
	rd_kafka_t *rk;

	set(conf, "bootstrap.servers", stack_kafka());
	set(conf, "message.max.bytes", MESSAGE_MAX_BYTES);
	set(conf, "reconnect.backoff.max.ms", "500");
	set(conf, "log_level", "2"); /* a stopped broker is part of the tests */
	for (; *pairs; pairs += 2)
		set(conf, pairs[0], pairs[1]);
	rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (!rk)
		cr_assert_fail("Kafka client: %s", why);
	return rk;
}

/* --- topics -------------------------------------------------------------------------------- */

/* The topic's number of partitions; 0: it is not there. */
static int partitions_of(rd_kafka_t *rk, const char *topic)
{
	const struct rd_kafka_metadata *metadata = NULL;
	int count = 0;

	if (kafka_metadata(rk, topic, ANSWER_MS, &metadata) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (metadata->topic_cnt == 1 && !metadata->topics[0].err)
			count = metadata->topics[0].partition_cnt;
		rd_kafka_metadata_destroy(metadata);
	}
	return count;
}

/* True if the result says that the topic was made or altered. */
static bool succeeded(rd_kafka_event_t *event)
{
	const rd_kafka_topic_result_t **results = NULL;
	size_t count = 0;

	if (!event || rd_kafka_event_error(event))
		return false;
	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT)
		results = rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(event), &count);
	else
		results = rd_kafka_CreatePartitions_result_topics(
			rd_kafka_event_CreatePartitions_result(event), &count);
	return count == 1 && !rd_kafka_topic_result_error(results[0]);
}

static void await_partitions(rd_kafka_t *rk, rd_kafka_queue_t *queue, const char *name,
			     int partitions)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ANSWER_MS);

	cr_assert(succeeded(event), "topic %s was not made or altered", name);
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	cr_assert(wait_until(ANSWER_MS, partitions_of(rk, name) == partitions));
	rd_kafka_destroy(rk);
}

static void create(const char *name, int partitions, const char *policy)
{
	rd_kafka_t *rk = client_open(RD_KAFKA_PRODUCER, (const char *const[]){ NULL });
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	char why[200];
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, why, sizeof(why));

	cr_assert_not_null(topic, "%s", why);
	(void)rd_kafka_NewTopic_set_config(topic, "cleanup.policy", policy);
	rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
	rd_kafka_NewTopic_destroy(topic);
	await_partitions(rk, queue, name, partitions);
}

void topic_create(const char *name, int partitions)
{
	create(name, partitions, "delete");
}

void topic_create_compacted(const char *name)
{
	create(name, 1, "compact");
}

void topic_alter(const char *name, int partitions)
{
	rd_kafka_t *rk = client_open(RD_KAFKA_PRODUCER, (const char *const[]){ NULL });
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	char why[200];
	rd_kafka_NewPartitions_t *more =
		rd_kafka_NewPartitions_new(name, (size_t)partitions, why, sizeof(why));

	cr_assert_not_null(more, "%s", why);
	rd_kafka_CreatePartitions(rk, &more, 1, NULL, queue);
	rd_kafka_NewPartitions_destroy(more);
	await_partitions(rk, queue, name, partitions);
}

static const char *find_setting(const rd_kafka_ConfigResource_t *resource, const char *setting)
{
	size_t count = 0;
	const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), setting) == 0)
			return arena_format("%s", rd_kafka_ConfigEntry_value(entries[i]));
	}
	cr_assert_fail("no setting %s", setting);
	return NULL;
}

const char *topic_setting(const char *name, const char *setting)
{
	rd_kafka_t *rk = client_open(RD_KAFKA_PRODUCER, (const char *const[]){ NULL });
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_ConfigResource_t *asked =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
	const rd_kafka_ConfigResource_t **answers;
	rd_kafka_event_t *event;
	const char *value;
	size_t count = 0;

	rd_kafka_DescribeConfigs(rk, &asked, 1, NULL, queue);
	rd_kafka_ConfigResource_destroy(asked);
	event = rd_kafka_queue_poll(queue, 60000);
	cr_assert_not_null(event);
	cr_assert_eq(rd_kafka_event_error(event), 0, "%s", rd_kafka_event_error_string(event));
	answers = rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(event), &count);
	cr_assert_eq(count, 1);
	cr_assert_eq(rd_kafka_ConfigResource_error(answers[0]), 0, "%s",
		     rd_kafka_ConfigResource_error_string(answers[0]));
	value = find_setting(answers[0], setting);
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
	return value;
}

void topic_cut(const char *name, int partition, int64_t offset)
{
	rd_kafka_t *rk = client_open(RD_KAFKA_PRODUCER, (const char *const[]){ NULL });
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_topic_partition_list_t *before = rd_kafka_topic_partition_list_new(1);
	rd_kafka_DeleteRecords_t *cut;
	rd_kafka_event_t *event;

	rd_kafka_topic_partition_list_add(before, name, partition)->offset = offset;
	cut = rd_kafka_DeleteRecords_new(before);
	rd_kafka_DeleteRecords(rk, &cut, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, ANSWER_MS);
	cr_assert(event && !rd_kafka_event_error(event), "topic %s was not cut", name);
	rd_kafka_event_destroy(event);
	rd_kafka_DeleteRecords_destroy(cut);
	rd_kafka_topic_partition_list_destroy(before);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
}

/* --- reading ------------------------------------------------------------------------------- */

static struct tail *open_tail(const char *topic, const char *origin)
{
	static const char *const pairs[] = { "group.id",
					     "tests-tail",
					     "enable.auto.commit",
					     "false",
					     "enable.partition.eof",
					     "true",
					     "fetch.wait.max.ms",
					     "20",
					     "check.crcs",
					     "true",
					     "fetch.message.max.bytes",
					     MESSAGE_MAX_BYTES,
					     NULL };
	struct tail *tail = arena_alloc(sizeof(*tail));

	tail->client = client_open(RD_KAFKA_CONSUMER, pairs);
	(void)rd_kafka_poll_set_consumer(tail->client);
	tail->topic = arena_format("%s", topic);
	tail->origin = origin ? arena_format("%s", origin) : NULL;
	tail->other = tails;
	tails = tail;
	return tail;
}

struct tail *tail_open(const char *topic)
{
	return open_tail(topic, NULL);
}

struct tail *tail_open_dead_letters(const char *topic)
{
	return open_tail(DLQ, topic);
}

void tail_close_all(void)
{
	for (; tails; tails = tails->other) {
		(void)rd_kafka_consumer_close(tails->client);
		rd_kafka_destroy(tails->client);
	}
}

static void take_headers(struct message *message, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *headers = NULL;
	const char *name;
	const void *value;
	size_t len;

	if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	while (message->header_count < HEADERS_MAX &&
	       rd_kafka_header_get_all(headers, message->header_count, &name, &value, &len) ==
		       RD_KAFKA_RESP_ERR_NO_ERROR)
		message->headers[message->header_count++] =
			(struct header){ .name = arena_format("%s", name),
					 .value = value ? arena_copy(value, len) : NULL,
					 .len = len };
}

static struct message *next_place(struct tail *tail)
{
	struct message *grown;

	if (tail->count == tail->capacity) {
		tail->capacity = tail->capacity ? 2 * tail->capacity : 64;
		grown = arena_alloc(tail->capacity * sizeof(*grown));
		if (tail->count > 0)
			memcpy(grown, tail->messages, tail->count * sizeof(*grown));
		tail->messages = grown;
	}
	return &tail->messages[tail->count];
}

static void take(struct tail *tail, const rd_kafka_message_t *m)
{
	struct message *message = next_place(tail);
	rd_kafka_timestamp_type_t type;

	*message = (struct message){ .partition = m->partition,
				     .offset = m->offset,
				     .timestamp_ms = rd_kafka_message_timestamp(m, &type) };
	take_headers(message, m);
	if (tail->origin && strcmp(message_header(message, "x-original-topic"), tail->origin) != 0)
		return;
	if (m->key) {
		message->key = arena_copy(m->key, m->key_len);
		message->key_len = m->key_len;
	}
	if (m->payload) {
		message->payload = arena_copy(m->payload, m->len);
		message->payload_len = m->len;
		message->json = arena_json(json_loadb(m->payload, m->len, 0, NULL));
	}
	tail->count++;
}

/* Reads all partitions on from where each is. */
static void assign(struct tail *tail, int partitions)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
	int64_t *next = arena_alloc((size_t)partitions * sizeof(*next));

	for (int p = 0; p < partitions; p++) {
		next[p] = p < tail->partitions ? tail->next[p] : 0;
		rd_kafka_topic_partition_list_add(list, tail->topic, p)->offset = next[p];
	}
	tail->next = next;
	tail->partitions = partitions;
	cr_assert_eq(rd_kafka_assign(tail->client, list), RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_topic_partition_list_destroy(list);
}

/* True if everything that was on the topic a moment ago is read. */
static bool at_end(const struct tail *tail, const int64_t *ends)
{
	for (int p = 0; p < tail->partitions; p++) {
		if (tail->next[p] < ends[p])
			return false;
	}
	return true;
}

static bool poll_once(struct tail *tail)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(tail->client, 50);

	if (!m)
		return false;
	if (!m->err) {
		take(tail, m);
		tail->next[m->partition] = m->offset + 1;
	} else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF &&
		   m->offset > tail->next[m->partition]) {
		tail->next[m->partition] = m->offset; /* past what is no message */
	}
	rd_kafka_message_destroy(m);
	return true;
}

size_t tail_read(struct tail *tail)
{
	int64_t low, *ends, end = mono_ms() + wait_stretch(ANSWER_MS);
	int partitions = partitions_of(tail->client, tail->topic);

	if (partitions > tail->partitions)
		assign(tail, partitions);
	ends = arena_alloc((size_t)tail->partitions * sizeof(*ends) + 1);
	for (int p = 0; p < tail->partitions; p++) {
		if (rd_kafka_query_watermark_offsets(tail->client, tail->topic, p, &low, &ends[p],
						     ANSWER_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
			return tail->count;
	}
	while (!at_end(tail, ends)) {
		if (!poll_once(tail) && mono_ms() > end)
			cr_assert_fail("%s could not be read to its end", tail->topic);
	}
	return tail->count;
}

bool tail_await(struct tail *tail, size_t count, int64_t timeout_ms)
{
	return wait_until(timeout_ms, tail_read(tail) >= count);
}

const char *message_header(const struct message *message, const char *name)
{
	const char *value = "";

	for (size_t i = 0; i < message->header_count; i++) {
		if (strcmp(message->headers[i].name, name) == 0 && message->headers[i].value)
			value = message->headers[i].value;
	}
	return value;
}

size_t tail_count(const struct tail *tail, const char *type)
{
	size_t count = 0;

	for (size_t i = 0; i < tail->count; i++)
		count += strcmp(message_header(&tail->messages[i], "type"), type) == 0;
	return count;
}

const struct message *tail_find(const struct tail *tail, const char *type, int64_t order_id,
				size_t n)
{
	const char *field = strncmp(type, "Order", 5) == 0 ? "id" : "orderId";

	for (size_t i = 0; i < tail->count; i++) {
		const struct message *m = &tail->messages[i];
		const json_t *id = json_object_get(m->json, field);

		if (strcmp(message_header(m, "type"), type) == 0 && json_is_integer(id) &&
		    json_integer_value(id) == order_id && n-- == 0)
			return m;
	}
	return NULL;
}

/* --- writing ------------------------------------------------------------------------------- */

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	(void)rk;
	(void)opaque;
	*(int64_t *)message->_private = message->err ? -(int64_t)1 : message->offset;
}

static rd_kafka_headers_t *headers_of(const struct raw_message *message)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(4);

	for (const struct header *h = message->headers; h->name; h++)
		(void)rd_kafka_header_add(headers, h->name, -1, h->value,
					  h->value && h->len == 0 ? -1 : (ssize_t)h->len);
	return headers;
}

static rd_kafka_t *open_producer(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[200];
	rd_kafka_t *rk;

	set(conf, "bootstrap.servers", stack_kafka());
	set(conf, "message.max.bytes", MESSAGE_MAX_BYTES);
	set(conf, "partitioner", "murmur2_random");
	set(conf, "linger.ms", "0");
	set(conf, "enable.idempotence", "true"); /* or a retry, on a new topic, swaps messages */
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	cr_assert_not_null(rk, "%s", why);
	return rk;
}

static void send_message(rd_kafka_t *rk, const struct raw_message *message, int64_t *offset)
{
	const char *payload = message->payload;
	size_t len = payload && message->payload_len == 0 ? strlen(payload) : message->payload_len;
	rd_kafka_resp_err_t code;

	*offset = -2; /* not reported yet */
	code = rd_kafka_producev(
		rk, RD_KAFKA_V_TOPIC(message->topic), RD_KAFKA_V_PARTITION(message->partition),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_KEY(message->key, message->key ? strlen(message->key) : 0),
		RD_KAFKA_V_VALUE((void *)payload, len), RD_KAFKA_V_HEADERS(headers_of(message)),
		RD_KAFKA_V_OPAQUE(offset), RD_KAFKA_V_END);
	cr_assert_eq(code, RD_KAFKA_RESP_ERR_NO_ERROR, "%s", rd_kafka_err2str(code));
}

/* A producer of its own for each call: nothing is shared between tests or left over. */
int64_t produce_all(const struct raw_message *messages, size_t count)
{
	int64_t *offsets = arena_alloc(count * sizeof(*offsets));
	rd_kafka_t *rk = open_producer();

	for (size_t i = 0; i < count; i++)
		send_message(rk, &messages[i], &offsets[i]);
	(void)rd_kafka_flush(rk, ANSWER_MS);
	rd_kafka_destroy(rk);
	for (size_t i = 0; i < count; i++)
		cr_assert_geq(offsets[i], 0, "the broker did not take message %zu", i);
	return offsets[count - 1];
}

int64_t produce(const struct raw_message *message)
{
	return produce_all(message, 1);
}
