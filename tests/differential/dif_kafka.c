#include "tests/differential/dif_kafka.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/differential/dif_broker.h"
#include "tests/differential/dif_consumer.h"
#include "tests/differential/dif_producer.h"

static struct run {
	struct sim_random random;
	int calls, number; /* to be made, and that is made */
	const char *topic;
	int32_t partitions;
} run;

static void add_partitions(void)
{
	if (run.partitions == DIF_PARTITIONS)
		return;
	run.partitions++;
	printf("%d partition %d is added\n", run.number, (int)run.partitions - 1);
	dif_broker_add_partitions(run.topic, run.partitions);
	dif_producer_renew();
}

static void delete_records(void)
{
	int32_t p = (int32_t)sim_random_below(&run.random, run.partitions);
	const struct dif_ends ends = dif_broker_ends(run.topic, p);
	int64_t before = sim_random_between(&run.random, ends.start, ends.stable);

	printf("%d what is before %" PRId64 " of %d is deleted\n", run.number, before, (int)p);
	dif_consumer_settle(run.number);
	dif_broker_delete_records(run.topic, p, before);
	dif_consumer_await_start(p);
}

static void recreate(void)
{
	run.partitions = (int32_t)sim_random_between(&run.random, 1, 3);
	printf("%d the topic is re-created, with %d partitions\n", run.number, (int)run.partitions);
	dif_consumer_leave_all(run.number);
	dif_broker_recreate(run.topic, run.partitions);
	dif_producer_renew();
}

static int change_topic(void)
{
	int64_t dice = sim_random_below(&run.random, 10);

	dif_producer_end_open(run.number);
	if (dice < 6)
		delete_records();
	else if (dice < 9)
		add_partitions();
	else
		recreate();
	return 1;
}

static int step(void)
{
	int64_t dice = sim_random_below(&run.random, 1000);

	if (dice < 20)
		return change_topic();
	if (dice < 950)
		return dif_producer_step(run.number, &run.random);
	if (dice < 970) {
		if (sim_random_chance(&run.random, 500))
			dif_producer_end_open(run.number);
		return dif_consumer_step(run.number, &run.random);
	}
	dif_consumer_settle(run.number);
	return 1;
}

static void body(void *unused)
{
	const char *states = dif_broker_name("states");

	(void)unused;
	run.topic = dif_broker_name("events");
	run.partitions = (int32_t)sim_random_between(&run.random, 1, 4);
	dif_broker_create(run.topic, run.partitions, false);
	dif_broker_create(states, 1, true);
	dif_producer_open_all(run.topic, states);
	dif_consumer_begin(run.topic, &run.random);
	for (run.number = 1; run.number <= run.calls;)
		run.number += step();
	dif_producer_end_open(run.number);
	dif_consumer_settle(run.number);
	dif_consumer_leave_all(run.number);
	dif_producer_close_all();
}

void dif_kafka_run(uint64_t seed, int calls)
{
	run.calls = calls;
	run.random.state = seed * 0x2545f4914f6cdd1du + 11;
	dif_broker_run(seed, body, NULL);
}
