#include "common/kafka/kafka_fixed.h"

#include <assert.h>
#include <string.h>

const struct kafka_fixed kafka_fixed_consumer[] = {
	{ "group.id", "the setting KAFKA_GROUP names the group" },
	{ "partition.assignment.strategy",
	  "partitions come and go one by one, and all members of a group must agree" },
	{ "group.instance.id", "a static member does not leave its group, so nobody takes over" },
	{ "enable.auto.commit", "Kafka's tools read the lag from what is committed" },
	{ "auto.commit.interval.ms", "Kafka's tools read the lag from what is committed" },
	{ "enable.auto.offset.store", "a message that is received is not done yet" },
	{ "auto.offset.reset", "the position stands in the database; a log that begins later is "
			       "read from its beginning" },
	{ "enable.partition.eof", "the lag would never become 0 behind control records" },
	{ "isolation.level", "events of an aborted transaction would be applied" },
	{ "statistics.interval.ms", "they tell whether the group has us" },
	{ "api.version.request", "without it messages come without their headers" },
	{ "log.queue", "nobody reads that queue" },
	{ 0 },
};

const struct kafka_fixed kafka_fixed_producer[] = {
	{ "enable.idempotence", "events would be duplicated, and be out of order" },
	{ "acks", "an event counts as published when all replicas in sync have it" },
	{ "message.timeout.ms", "an event waits for as long as it takes" },
	{ "queuing.strategy", "events would be out of order" },
	{ "delivery.report.only.error", "the relay would wait for ever for what was published" },
	{ "transactional.id", "nothing begins or commits Kafka's transactions" },
	{ "partitioner", "a key has the partition that Java's clients give it" },
	{ "api.version.request", "without it messages go without their headers" },
	{ "log.queue", "nobody reads that queue" },
	{ 0 },
};

const struct kafka_fixed kafka_fixed_reader[] = {
	{ "group.id", "what was replayed is told apart by the group" },
	{ "enable.auto.commit", "a message that is read is not done yet" },
	{ "auto.offset.reset", "a log is read from its beginning" },
	{ "enable.partition.eof", "it would be waited for messages that do not come" },
	{ "isolation.level", "events of an aborted transaction would be judged" },
	{ "api.version.request", "without it messages come without their headers" },
	{ 0 },
};

/* "" for a property that is not set, and has no default. */
static void value_of(const rd_kafka_conf_t *conf, const char *name, char *text, size_t size)
{
	size_t len = size;

	if (rd_kafka_conf_get(conf, name, text, &len) != RD_KAFKA_CONF_OK)
		text[0] = '\0';
}

void kafka_fixed_remember(struct kafka_fixed_values *values, const struct kafka_fixed *fixed,
			  const rd_kafka_conf_t *conf)
{
	for (size_t i = 0; fixed[i].name; i++) {
		assert(i < KAFKA_FIXED_MAX);
		value_of(conf, fixed[i].name, values->text[i], sizeof(values->text[i]));
	}
}

enum status kafka_fixed_check(const struct kafka_fixed_values *values,
			      const struct kafka_fixed *fixed, const rd_kafka_conf_t *conf,
			      struct error *err)
{
	char now[sizeof(values->text[0])];

	for (size_t i = 0; fixed[i].name; i++) {
		value_of(conf, fixed[i].name, now, sizeof(now));
		if (strcmp(now, values->text[i]) != 0)
			return error_set(err, ST_INVALID, "KAFKA_CONF must not change %s: %s",
					 fixed[i].name, fixed[i].reason);
	}
	return ST_OK;
}
