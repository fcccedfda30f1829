/* The state of the group, as librdkafka's statistics tell it. */
#include "common/kafka/kafka_group.h"

#include <string.h>

#include "tests/unit/unit.h"

TestSuite(kafka_group, .init = unit_deadline);

static struct kafka_group read_text(const char *json)
{
	struct kafka_group group = { 0 };

	kafka_group_read(&group, json, strlen(json));
	return group;
}

static void expect(const char *json, bool coordinated, bool steady)
{
	struct kafka_group group = read_text(json);

	cr_expect_eq(atomic_load(&group.coordinated), coordinated, "%s", json);
	cr_expect_eq(group.steady, steady, "%s", json);
	cr_expect_eq(group.statistics, 1, "%s", json);
}

Test(kafka_group, states)
{
	expect("{\"cgrp\":{\"state\":\"up\",\"join_state\":\"steady\"}}", true, true);
	expect("{ \"cgrp\" : { \"state\" : \"up\", \"join_state\": \"wait-sync\" } }", true, false);
	expect("{\"cgrp\":{\"state\":\"query-coord\",\"join_state\":\"init\"}}", false, false);
}

Test(kafka_group, what_is_not_told_is_false)
{
	expect("{\"cgrp\":{}}", false, false);
	expect("{\"cgrp\":{\"state\":1}}", false, false);
	expect("{}", false, false);
	expect("not JSON", false, false);
	expect("", false, false);
}

/* With a thousand partitions the rest is megabytes, ten times a second. */
Test(kafka_group, nothing_else_is_parsed)
{
	expect("{\"topics\":{ no JSON },\"cgrp\":{\"state\":\"up\",\"join_state\":\"steady\"},"
	       "\"eos\": no JSON }",
	       true, true);
	expect("{\"cgrp\":", false, false);
	expect("{\"cgrp\"", false, false);
	expect("\"cgrp", false, false);
}

Test(kafka_group, the_latest_counts)
{
	static const char up[] = "{\"cgrp\":{\"state\":\"up\",\"join_state\":\"steady\"}}";
	struct kafka_group group = { 0 };

	kafka_group_read(&group, up, sizeof(up) - 1);
	kafka_group_read(&group, "{}", 2);
	cr_expect_not(atomic_load(&group.coordinated));
	cr_expect_not(group.steady);
	cr_expect_eq(group.statistics, 2);
}

Test(kafka_group, a_refusal_stands_until_the_group_is_steady)
{
	static const char steady[] = "{\"cgrp\":{\"state\":\"up\",\"join_state\":\"steady\"}}";
	static const char joins[] = "{\"cgrp\":{\"state\":\"up\",\"join_state\":\"init\"}}";
	struct kafka_group group = { 0 };

	kafka_group_refused(&group, "another protocol");
	kafka_group_read(&group, steady, sizeof(steady) - 1); /* of before it */
	cr_expect_str_eq(group.refusal, "another protocol");
	kafka_group_read(&group, joins, sizeof(joins) - 1);
	kafka_group_read(&group, joins, sizeof(joins) - 1);
	cr_expect_str_eq(group.refusal, "another protocol");
	kafka_group_read(&group, steady, sizeof(steady) - 1);
	cr_expect_str_eq(group.refusal, "");
}
