#include "tools/topics/admin.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/strbuf.h"
#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_metadata.h"
#include "common/kafka/kafka_workarounds.h"
#include "common/runtime/clock.h"
#include "tools/topics/picture.h"

#define ANSWER_MS        30000
#define BROKER_MS        5000 /* for the first answer: is there a broker at all? */
#define PAUSE_MS         20
#define BROKERS_REPLICAS (-1)

struct admin {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	const char *servers; /* borrowed */
};

enum status admin_open(struct admin **out, const struct kafka_settings *settings, struct error *err)
{
	static const char *const pairs[] = { "log_level", "2", NULL }; /* the answers tell */
	struct admin *admin = calloc(1, sizeof(*admin));
	rd_kafka_conf_t *conf = NULL;
	int count = 0;

	if (!admin)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	admin->servers = settings->bootstrap_servers;
	*out = admin;
	if (kafka_conf(&conf, settings, pairs, kafka_fixed_reader, err) != ST_OK ||
	    kafka_conf_client(&admin->rk, RD_KAFKA_PRODUCER, conf, err) != ST_OK)
		return err->status;
	admin->queue = rd_kafka_queue_new(admin->rk);
	return admin_partitions(admin, settings->topic, &count, err);
}

void admin_close(struct admin *admin)
{
	if (!admin)
		return;
	if (admin->queue)
		rd_kafka_queue_destroy(admin->queue);
	if (admin->rk)
		(void)kafka_workarounds_destroy(admin->rk);
	free(admin);
}

/* --- looking ------------------------------------------------------------------------------- */

/* The topic's metadata (rd_kafka_metadata_destroy). A topic that is not there has no partitions. */
static enum status look(struct admin *admin, const char *topic,
			const struct rd_kafka_metadata **metadata, struct error *err)
{
	rd_kafka_resp_err_t code = kafka_metadata(admin->rk, topic, BROKER_MS, metadata);

	if (code)
		return error_set(err, ST_UNAVAILABLE,
				 "no broker answers on %s (%s): make up, or set KAFKA_PORT",
				 admin->servers, rd_kafka_err2str(code));
	return ST_OK;
}

enum status admin_partitions(struct admin *admin, const char *topic, int *count, struct error *err)
{
	const struct rd_kafka_metadata *metadata;

	if (look(admin, topic, &metadata, err) != ST_OK)
		return err->status;
	*count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
	rd_kafka_metadata_destroy(metadata);
	return ST_OK;
}

static enum status not_there(const struct admin *admin, const char *topic, struct error *err)
{
	return error_set(err, ST_NOT_FOUND,
			 "there is no topic %s on %s: make it with kafka/topics.sh create", topic,
			 admin->servers);
}

static void put_ids(const char *title, const int32_t *ids, int count)
{
	(void)printf("\t%s: ", title);
	for (int i = 0; i < count; i++)
		(void)printf("%s%d", i ? "," : "", ids[i]);
}

enum status admin_describe(struct admin *admin, const char *topic, struct error *err)
{
	const struct rd_kafka_metadata *metadata;
	int count = 0;

	if (look(admin, topic, &metadata, err) != ST_OK)
		return err->status;
	count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
	for (int i = 0; i < count; i++) {
		const struct rd_kafka_metadata_partition *p = &metadata->topics[0].partitions[i];

		(void)printf("Topic: %s\tPartition: %d\tLeader: %d", topic, p->id, p->leader);
		put_ids("Replicas", p->replicas, p->replica_cnt);
		put_ids("Isr", p->isrs, p->isr_cnt);
		(void)puts("");
	}
	if (count > 0)
		picture_show(stdout, &metadata->topics[0]);
	rd_kafka_metadata_destroy(metadata);
	return count > 0 ? ST_OK : not_there(admin, topic, err);
}

/* --- changing ------------------------------------------------------------------------------ */

/* The results of the one request that is under way; NULL: it is no such event. */
static const rd_kafka_topic_result_t **results_of(rd_kafka_event_t *event, size_t *count)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
		return rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(event), count);
	case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
		return rd_kafka_CreatePartitions_result_topics(
			rd_kafka_event_CreatePartitions_result(event), count);
	case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
		return rd_kafka_DeleteTopics_result_topics(
			rd_kafka_event_DeleteTopics_result(event), count);
	default:
		return NULL;
	}
}

/* What the brokers answered to the one request that is under way. code gets the topic's own. */
static enum status answer(struct admin *admin, const char *doing, const char *topic,
			  rd_kafka_resp_err_t *code, struct error *err)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(admin->queue, ANSWER_MS);
	const rd_kafka_topic_result_t **results;
	const char *text = "no answer";
	size_t count = 0;

	*code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
	if (event && *code) {
		text = rd_kafka_event_error_string(event);
	} else if (event && (results = results_of(event, &count)) && count == 1) {
		*code = rd_kafka_topic_result_error(results[0]);
		text = rd_kafka_topic_result_error_string(results[0]);
	}
	if (*code)
		(void)error_set(err, ST_UNAVAILABLE, "%s topic %s: %s", doing, topic,
				text ? text : rd_kafka_err2str(*code));
	if (event)
		rd_kafka_event_destroy(event);
	return *code ? err->status : ST_OK;
}

/* Waits until the topic has so many partitions for those who ask; 0: until it is gone. */
static enum status await(struct admin *admin, const char *topic, int partitions, struct error *err)
{
	int64_t end_ms = clock_mono_ms() + ANSWER_MS;
	int now = 0;

	for (;;) {
		if (admin_partitions(admin, topic, &now, err) != ST_OK)
			return err->status;
		if (now == partitions)
			return ST_OK;
		if (clock_mono_ms() >= end_ms)
			return error_set(err, ST_UNAVAILABLE,
					 "topic %s has %d partitions after %d s, not %d", topic,
					 now, ANSWER_MS / 1000, partitions);
		clock_pause_ms(PAUSE_MS);
	}
}

enum status admin_create(struct admin *admin, const struct admin_topic *topic, bool *made,
			 struct error *err)
{
	char why[256];
	const int replicas = topic->replicas > 0 ? topic->replicas : BROKERS_REPLICAS;
	rd_kafka_NewTopic_t *request =
		rd_kafka_NewTopic_new(topic->name, topic->partitions, replicas, why, sizeof(why));
	rd_kafka_resp_err_t code;

	if (!request)
		return error_set(err, ST_INVALID, "topic %s: %s", topic->name, why);
	for (const char *const *s = topic->settings; s && *s; s += 2)
		(void)rd_kafka_NewTopic_set_config(request, s[0], s[1]);
	(void)snprintf(why, sizeof(why), "%d", replicas > 1 ? replicas - 1 : 1);
	if (topic->replicas > 0)
		(void)rd_kafka_NewTopic_set_config(request, "min.insync.replicas", why);
	rd_kafka_CreateTopics(admin->rk, &request, 1, NULL, admin->queue);
	rd_kafka_NewTopic_destroy(request);
	(void)answer(admin, "making", topic->name, &code, err);
	*made = !code;
	if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return ST_OK;
	return code ? err->status : await(admin, topic->name, topic->partitions, err);
}

enum status admin_alter(struct admin *admin, const char *topic, int partitions, struct error *err)
{
	rd_kafka_NewPartitions_t *request;
	rd_kafka_resp_err_t code;
	char why[256];
	int now = 0;

	if (admin_partitions(admin, topic, &now, err) != ST_OK)
		return err->status;
	if (now == 0)
		return not_there(admin, topic, err);
	if (now == partitions)
		return ST_OK;
	if (now > partitions)
		return error_set(err, ST_CONFLICT,
				 "topic %s was not altered to %d partitions: it has %d, and Kafka "
				 "can only add some",
				 topic, partitions, now);
	request = rd_kafka_NewPartitions_new(topic, (size_t)partitions, why, sizeof(why));
	if (!request)
		return error_set(err, ST_INVALID, "topic %s: %s", topic, why);
	rd_kafka_CreatePartitions(admin->rk, &request, 1, NULL, admin->queue);
	rd_kafka_NewPartitions_destroy(request);
	if (answer(admin, "altering", topic, &code, err) != ST_OK)
		return err->status;
	return await(admin, topic, partitions, err);
}

enum status admin_delete(struct admin *admin, const char *topic, struct error *err)
{
	rd_kafka_DeleteTopic_t *request = rd_kafka_DeleteTopic_new(topic);
	rd_kafka_resp_err_t code;

	rd_kafka_DeleteTopics(admin->rk, &request, 1, NULL, admin->queue);
	rd_kafka_DeleteTopic_destroy(request);
	if (answer(admin, "deleting", topic, &code, err) != ST_OK &&
	    code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return err->status;
	return await(admin, topic, 0, err);
}

/* --- ACLs ---------------------------------------------------------------------------------- */

#define RESOURCE_TRANSACTIONAL_ID 5 /* as in Kafka's protocol; librdkafka 2.0.2 refuses it */

/* NULL: librdkafka cannot say it. */
static rd_kafka_AclBinding_t *binding_of(const struct acl *acl)
{
	static const int kinds[] = { [ACL_TOPIC] = RD_KAFKA_RESOURCE_TOPIC,
				     [ACL_GROUP] = RD_KAFKA_RESOURCE_GROUP,
				     [ACL_TRANSACTIONAL_ID] = RESOURCE_TRANSACTIONAL_ID };
	static const rd_kafka_AclOperation_t operations[] = {
		[ACL_READ] = RD_KAFKA_ACL_OPERATION_READ,
		[ACL_WRITE] = RD_KAFKA_ACL_OPERATION_WRITE,
		[ACL_DESCRIBE] = RD_KAFKA_ACL_OPERATION_DESCRIBE,
		[ACL_DESCRIBE_CONFIGS] = RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS
	};

	return rd_kafka_AclBinding_new((rd_kafka_ResourceType_t)kinds[acl->kind], acl->name,
				       acl->prefix ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED
						   : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
				       acl->principal, "*", operations[acl->operation],
				       RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, NULL, 0);
}

/* What the brokers said to the request for ACLs. */
static enum status allowed(rd_kafka_event_t *event, struct error *err)
{
	const rd_kafka_acl_result_t **results;
	size_t count = 0;

	if (!event || rd_kafka_event_error(event))
		return error_set(err, ST_UNAVAILABLE, "making ACLs: %s",
				 event ? rd_kafka_event_error_string(event) : "no answer");
	results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &count);
	for (size_t i = 0; i < count; i++) {
		const rd_kafka_error_t *refused = rd_kafka_acl_result_error(results[i]);

		if (refused)
			return error_set(err, ST_UNAVAILABLE, "making ACLs: %s",
					 rd_kafka_error_string(refused));
	}
	return ST_OK;
}

enum status admin_allow(struct admin *admin, const struct acl_list *list, struct error *err)
{
	rd_kafka_AclBinding_t *bindings[ACL_LIST_MAX];
	rd_kafka_event_t *event;
	enum status st = ST_OK;
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		bindings[count] = binding_of(&list->acl[i]);
		count += bindings[count] != NULL;
	}
	if (count == 0)
		return ST_OK;
	rd_kafka_CreateAcls(admin->rk, bindings, count, NULL, admin->queue);
	rd_kafka_AclBinding_destroy_array(bindings, count);
	event = rd_kafka_queue_poll(admin->queue, ANSWER_MS);
	st = allowed(event, err);
	if (event)
		rd_kafka_event_destroy(event);
	return st;
}
