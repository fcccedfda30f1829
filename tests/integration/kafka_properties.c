/*
 * KAFKA_CONF: what the code relies on cannot be changed by it, and the service says so by name
 * instead of running, being ready, and doing something else.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/kafka/kafka_conf.h"
#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/program.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(kafka_properties, .timeout = 300);

static void expect_refused(const char *program, const char *pair, const char *name)
{
	const char *conf = arena_format("KAFKA_CONF=socket.nagle.disable=false;%s", pair);
	struct program_run run =
		program_run(program, NULL, (const char *const[]){ conf, "HTTP_PORT=0", NULL });

	cr_expect_eq(run.status, 2, "%s with %s: status %d", program, pair, run.status);
	cr_expect(strstr(run.output, arena_format("KAFKA_CONF must not change %s: ", name)),
		  "%s with %s: %s", program, pair, run.output);
}

static const struct {
	const char *pair, *name;
} consumers[] = {
	{ "group.id=other", "group.id" },
	{ "partition.assignment.strategy=range", "partition.assignment.strategy" },
	{ "partition.assignment.strategy=range,roundrobin", "partition.assignment.strategy" },
	{ "group.instance.id=me", "group.instance.id" },
	{ "enable.auto.commit=false", "enable.auto.commit" },
	{ "auto.commit.interval.ms=0", "auto.commit.interval.ms" },
	{ "enable.auto.offset.store=true", "enable.auto.offset.store" },
	{ "auto.offset.reset=latest", "auto.offset.reset" },
	{ "enable.partition.eof=false", "enable.partition.eof" },
	{ "isolation.level=read_uncommitted", "isolation.level" },
	{ "statistics.interval.ms=0", "statistics.interval.ms" },
};

LAB_TEST(kafka_properties, those_of_the_consumer_are_refused_by_name, 1)
{
	for (size_t i = 0; i < sizeof(consumers) / sizeof(consumers[0]); i++)
		expect_refused(DELIVERY, consumers[i].pair, consumers[i].name);
}

static const struct {
	const char *pair, *name;
} producers[] = {
	{ "enable.idempotence=false", "enable.idempotence" },
	{ "acks=1", "acks" },
	{ "request.required.acks=0", "acks" },
	{ "message.timeout.ms=1000", "message.timeout.ms" },
	{ "delivery.timeout.ms=1000", "message.timeout.ms" },
	{ "queuing.strategy=lifo", "queuing.strategy" },
	{ "delivery.report.only.error=true", "delivery.report.only.error" },
	{ "transactional.id=t", "transactional.id" },
	{ "partitioner=random", "partitioner" },
	{ "api.version.request=false", "api.version.request" },
	{ "log.queue=true", "log.queue" },
};

LAB_TEST(kafka_properties, those_of_the_producer_are_refused_by_name, 1)
{
	for (size_t i = 0; i < sizeof(producers) / sizeof(producers[0]); i++) {
		expect_refused(ORDER, producers[i].pair, producers[i].name);
		expect_refused(DELIVERY, producers[i].pair, producers[i].name);
	}
}

/* What is as it is anyway may be said, and tuning is the user's. */
LAB_TEST(kafka_properties, all_others_are_the_users, 1)
{
	(void)service_start(DELIVERY,
			    "KAFKA_CONF=enable.idempotence=true;acks=-1;isolation.level="
			    "read_committed;session.timeout.ms=10000;fetch.max.bytes=3000000",
			    NULL);
}

/* --- passwords ----------------------------------------------------------------------------- */

/* What the properties make of the password; in the arena. */
static const char *password_of(const char *properties)
{
	static const char *const none[] = { NULL };
	const struct kafka_settings settings = { .bootstrap_servers = "127.0.0.1:1",
						 .client_id = "test",
						 .extra = properties };
	char password[100];
	size_t size = sizeof(password);
	rd_kafka_conf_t *conf;
	struct error err;

	cr_assert_eq(kafka_conf(&conf, &settings, none, kafka_fixed_reader, &err), ST_OK, "%s",
		     err.msg);
	cr_assert_eq(rd_kafka_conf_get(conf, "sasl.password", password, &size), RD_KAFKA_CONF_OK);
	rd_kafka_conf_destroy(conf);
	return arena_format("%s", password);
}

LAB_TEST(kafka_properties, a_password_can_come_from_a_file, 1)
{
	const char *path = arena_format("%s/sasl.password", stack_run_dir());
	FILE *file = fopen(path, "we");

	cr_assert(file && fputs("in;one=file\n", file) >= 0 && fclose(file) == 0);
	cr_expect_str_eq(
		password_of(arena_format("sasl.username=u;sasl.password.location=%s", path)),
		"in;one=file");
	cr_assert_eq(unlink(path), 0);
}

/* A ';' in a password makes two properties of it: what is wrong with them does not show them. */
LAB_TEST(kafka_properties, no_error_shows_a_password, 1)
{
	static const char *const properties[] = { "sasl.password=first;second",
						  "sasl.password=a;first", "sasl.pasword=first",
						  "sasl.password.location=/nowhere/first.txt" };
	static const char *const says[] = { "property 2 is not name=value", "property 2",
					    "sasl.pasword", "No such file" };

	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
		struct program_run run = program_run(
			ORDER, NULL,
			(const char *const[]){ arena_format("KAFKA_CONF=%s", properties[i]),
					       "HTTP_PORT=0", NULL });

		cr_expect_eq(run.status, 2, "%s: status %d", properties[i], run.status);
		cr_expect(strstr(run.output, says[i]), "%s: %s", properties[i], run.output);
		if (i < 3)
			cr_expect(!strstr(run.output, "first") && !strstr(run.output, "second"),
				  "%s", run.output);
	}
}

/* --- KIP-848 ------------------------------------------------------------------------------- */

static void expect_delivered(int64_t first, int64_t last)
{
	for (int64_t id = first; id <= last; id++) {
		const struct raw_message message = order_version(id, 1, 3);

		(void)produce(&message);
	}
	cr_assert(wait_until(60000, sql_number("select count(*) from delivery.history") == last),
		  "%lld of %lld", (long long)sql_number("select count(*) from delivery.history"),
		  (long long)last);
}

/* With a library that has it; with another one the service says so and does not start. */
LAB_TEST(kafka_properties, the_brokers_assign_if_the_library_can, 2)
{
	const char *const setting = "KAFKA_GROUP_PROTOCOL=consumer";
	struct service *first, *second;

	if (rd_kafka_version() < 0x020c0000) {
		struct program_run run = program_run(
			DELIVERY, NULL, (const char *const[]){ setting, "HTTP_PORT=0", NULL });

		cr_expect_neq(run.status, 0, "%s", run.output);
		cr_expect(strstr(run.output, "KAFKA_GROUP_PROTOCOL=consumer with librdkafka "),
			  "%s", run.output);
		return;
	}
	first = service_start(DELIVERY, setting, NULL);
	second = service_start(DELIVERY, setting, NULL);
	cr_assert(wait_until(60000,
			     service_metric(second, "delivery_partitions_assigned_total") >= 1.0));
	expect_delivered(1, 20);
	service_kill(first);
	expect_delivered(21, 40);
}
