/*
 * topics: the lab's topic and the dead-letter topic, made, altered and described.
 */
#include <stdio.h>

#include "common/base/config.h"
#include "common/event/contract.h"
#include "common/runtime/process.h"
#include "tools/topics/admin.h"

/* Twice Kafka's default: a message of the largest size still fits with the headers that say why it
 * is a dead letter. */
#define DEAD_LETTER_MAX_BYTES "2097152"

enum action { ACTION_CREATE, ACTION_RECREATE, ACTION_MAKE, ACTION_ALTER, ACTION_DESCRIBE };

struct config {
	struct kafka_settings kafka;
	const char *group, *acls;
	int action;
	int64_t partitions, replication;
};

static const char *const actions[] = { "create", "recreate", "make", "alter", "describe", NULL };

static const struct config_key keys[] = {
	{ "KAFKA_BOOTSTRAP_SERVERS", CONFIG_TEXT, CONFIG_PUBLIC,
	  offsetof(struct config, kafka.bootstrap_servers), "127.0.0.1:9092", 0, 0, NULL,
	  "Kafka brokers, host:port, comma separated" },
	{ "KAFKA_TOPIC", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, kafka.topic),
	  "kafka.scaling", 0, 0, NULL, "the topic" },
	{ "KAFKA_CONF", CONFIG_TEXT, CONFIG_SECRET_PAIRS, offsetof(struct config, kafka.extra), "",
	  0, 0, NULL, "librdkafka properties, name=value;name=value (TLS, SASL, tuning)" },
	{ "KAFKA_GROUP", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, group), "delivery", 0,
	  0, NULL, "the consumer group that ACLs name" },
	{ "KAFKA_ACLS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, acls), "", 0, 0, NULL,
	  "create, make: file that says who may what; empty: no ACL is made" },
	{ "ACTION", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, action), "describe", 0, 0,
	  actions,
	  "create: it and the dead-letter topic, without a limit of retention, and the relays' "
	  "state topics; recreate: the two again, empty; make: it alone, with the brokers' "
	  "settings; alter: more partitions" },
	{ "PARTITIONS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, partitions), "1", 1,
	  1000, NULL, "of the topic" },
	{ "REPLICATION", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, replication), "0", 0, 9,
	  NULL, "replicas of a topic that is made; 0: as many as the brokers give it" },
	{ 0 },
};

static const struct config_program program = {
	.name = "topics",
	.summary = "makes, alters and describes the lab's topics",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.manner = "Does what ACTION says. A topic that is there stays as it is.",
	.exit_status = "0 done; 1 not possible; 2 bad settings.",
};

static enum status make(struct admin *admin, const struct admin_topic *topic, struct error *err)
{
	bool made;

	if (admin_create(admin, topic, &made, err) != ST_OK)
		return err->status;
	if (made)
		(void)printf("topic %s made, partitions: %d\n", topic->name, topic->partitions);
	return ST_OK;
}

/* Who may what with the topics, if a file says so. */
static enum status allow(struct admin *admin, const struct config *config, struct error *err)
{
	struct acl_list list;

	if (!config->acls[0])
		return ST_OK;
	if (acl_list_read(&list, config->acls, config->kafka.topic, config->group, err) != ST_OK)
		return err->status;
	return admin_allow(admin, &list, err);
}

/* What the relays' transactions have committed last. Small segments: the last one is never
 * compacted, and who takes over reads all. */
static enum status make_states(struct admin *admin, struct error *err)
{
	static const char *const names[] = { CONTRACT_ORDERS_STATE_TOPIC,
					     CONTRACT_DELIVERY_STATE_TOPIC };
	static const char *const compact[] = { "cleanup.policy",
					       "compact",
					       "segment.bytes",
					       "8388608",
					       "segment.ms",
					       "600000",
					       "min.cleanable.dirty.ratio",
					       "0.1",
					       NULL };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (make(admin, &(struct admin_topic){ names[i], 1, 0, compact }, err) != ST_OK)
			return err->status;
	}
	return ST_OK;
}

/* Nothing is ever deleted: an event that is gone before delivery-service came to it is lost, and
 * what is gone cannot be verified. Kafka's default is seven days. */
static enum status make_both(struct admin *admin, const struct config *config, struct error *err)
{
	static const char *const keep_all[] = { "retention.ms", "-1", "retention.bytes", "-1",
						NULL };
	static const char *const keep_large[] = {
		"retention.ms",        "-1", "retention.bytes", "-1", "max.message.bytes",
		DEAD_LETTER_MAX_BYTES, NULL
	};
	const int replicas = (int)config->replication;
	const struct admin_topic lab = { config->kafka.topic, (int)config->partitions, replicas,
					 keep_all };
	const struct admin_topic dead_letters = { CONTRACT_DEAD_LETTER_TOPIC, 1, replicas,
						  keep_large };

	if (make(admin, &lab, err) != ST_OK)
		return err->status;
	if (make(admin, &dead_letters, err) != ST_OK)
		return err->status;
	if (make_states(admin, err) != ST_OK)
		return err->status;
	return allow(admin, config, err);
}

static enum status act(struct admin *admin, const struct config *config, struct error *err)
{
	const char *topic = config->kafka.topic;
	int partitions = (int)config->partitions;

	switch ((enum action)config->action) {
	case ACTION_RECREATE:
		if (admin_delete(admin, topic, err) != ST_OK ||
		    admin_delete(admin, CONTRACT_DEAD_LETTER_TOPIC, err) != ST_OK)
			return err->status;
		return make_both(admin, config, err);
	case ACTION_CREATE:
		return make_both(admin, config, err);
	case ACTION_MAKE:
		if (make(admin,
			 &(struct admin_topic){ topic, partitions, (int)config->replication, NULL },
			 err) != ST_OK)
			return err->status;
		return allow(admin, config, err);
	case ACTION_ALTER:
		return admin_alter(admin, topic, partitions, err);
	case ACTION_DESCRIBE:
		return admin_describe(admin, topic, err);
	}
	return ST_OK;
}

int main(int argc, char **argv)
{
	struct config config = { .kafka = { .client_id = "topics" } };
	struct admin *admin = NULL;
	struct error err = { 0 };
	enum status st;
	int done;

	process_prepare();
	done = config_main(&program, argc, argv, &config);
	if (done >= 0)
		return done;
	st = admin_open(&admin, &config.kafka, &err);
	if (st == ST_OK)
		st = act(admin, &config, &err);
	if (st != ST_OK)
		(void)fprintf(stderr, "topics: %s\n", err.msg);
	admin_close(admin);
	return st == ST_OK ? 0 : 1;
}
