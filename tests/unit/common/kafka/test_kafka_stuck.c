/* A partition that no broker is asked for, as librdkafka's statistics tell it. */
#include "common/kafka/kafka_stuck.h"
#include "tests/unit/unit.h"

TestSuite(kafka_stuck, .init = unit_deadline);

#define PARTITION(number, broker, desired)                                                         \
	"\"" #number "\": { \"partition\":" #number ", \"broker\":" #broker                        \
	", \"leader\":1, \"desired\":" #desired ", \"unknown\":false }"
#define TOPIC(partitions) "{ \"topics\":{ \"t\": { \"partitions\":{" partitions "} } } }"

static int32_t found(const char *json)
{
	struct kafka_stuck stuck = { 0 };

	kafka_stuck_read(&stuck, json, true, 1);
	cr_expect_eq(stuck.since_mono_ms != 0, stuck.partition >= 0);
	return stuck.partition;
}

Test(kafka_stuck, which_partition)
{
	cr_expect_eq(found(TOPIC(PARTITION(0, 1, true))), -1);
	cr_expect_eq(found(TOPIC(PARTITION(0, -1, true))), 0);
	cr_expect_eq(found(TOPIC(PARTITION(0, 1, true) "," PARTITION(12, -1, true))), 12);
	cr_expect_eq(found(TOPIC(PARTITION(0, -1, false) "," PARTITION(3, 1, true))), -1);
	cr_expect_eq(found(TOPIC(PARTITION(-1, -1, false))), -1);
	cr_expect_eq(found("\"broker\":-1,"), -1);
	cr_expect_eq(found("{}"), -1);
	cr_expect_eq(found(""), -1);
}

Test(kafka_stuck, it_has_to_last)
{
	static const char none[] = TOPIC(PARTITION(0, -1, true));
	struct kafka_stuck stuck = { 0 };
	const int64_t since = 100, due = since + KAFKA_STUCK_AFTER_MS;

	cr_expect_not(kafka_stuck_is_suspect(&stuck, due));
	kafka_stuck_read(&stuck, none, true, since);
	kafka_stuck_read(&stuck, none, true, due - 1);
	cr_expect_not(kafka_stuck_is_suspect(&stuck, due - 1));
	cr_expect(kafka_stuck_is_suspect(&stuck, due));
	cr_expect_not(kafka_stuck_is_suspect(&stuck, due + KAFKA_STUCK_ASK_MS - 1));
	cr_expect(kafka_stuck_is_suspect(&stuck, due + KAFKA_STUCK_ASK_MS));
}

/* While no broker answers, or another partition has none, it begins anew. */
Test(kafka_stuck, it_begins_anew)
{
	struct kafka_stuck stuck = { 0 };

	kafka_stuck_read(&stuck, TOPIC(PARTITION(0, -1, true)), true, 100);
	kafka_stuck_read(&stuck, TOPIC(PARTITION(0, -1, true)), false, 200);
	cr_expect_eq(stuck.since_mono_ms, 0);
	kafka_stuck_read(&stuck, TOPIC(PARTITION(0, -1, true)), true, 300);
	kafka_stuck_read(&stuck, TOPIC(PARTITION(1, -1, true)), true, 400);
	cr_expect_eq(stuck.since_mono_ms, 400);
}
