#include "tests/faults/plan.h"
#include "tests/unit/unit.h"

TestSuite(fault_plan, .init = unit_deadline);

static bool with_three_brokers(const struct plan_conditions *conditions)
{
	return conditions->brokers == 3;
}

/* Nothing is carried out. */
static const struct fault_kind kinds[] = {
	{ "kill", FAMILY_PROCESSES, VICTIM_ORDER, 10, AMOUNT_MS, 0, 2000, NULL, NULL, NULL, 0 },
	{ "kill-relay", FAMILY_PROCESSES, VICTIM_RELAY, 5, AMOUNT_MS, 0, 2000, NULL, NULL, NULL,
	  0 },
	{ "pause", FAMILY_PROCESSES, VICTIM_DELIVERY, 20, AMOUNT_MS, 2000, 15000, NULL, NULL, NULL,
	  0 },
	{ "split", FAMILY_PROCESSES, VICTIM_KAFKA, 8, AMOUNT_MS, 0, 1000, with_three_brokers, NULL,
	  NULL, 0 },
	{ "end-backend", FAMILY_PROCESSES, VICTIM_POSTGRES, 5, AMOUNT_SESSION, 0, 200, NULL, NULL,
	  NULL, 0 },
	{ "scale", FAMILY_PROCESSES, VICTIM_REPLICAS, 10, AMOUNT_REPLICAS, 1, 3, NULL, NULL, NULL,
	  0 },
	{ "duplicates", FAMILY_PROCESSES, VICTIM_TOPIC, 10, AMOUNT_MESSAGES, 1, 100, NULL, NULL,
	  NULL, 0 },
	{ "grow", FAMILY_PROCESSES, VICTIM_TOPIC, 0, AMOUNT_PARTITIONS, 2, 7, NULL, NULL, NULL, 0 },
	{ "long-pause", FAMILY_PAUSES, VICTIM_KAFKA, 9, AMOUNT_MS, 70000, 100000, NULL, NULL, NULL,
	  0 },
};

#define DURATION_MS 600000
#define PROCESSES   FAMILY_BIT(FAMILY_PROCESSES)

static const int growth[] = { 2, 5, 7 };

static const struct plan_conditions one_broker = { .duration_ms = DURATION_MS,
						   .brokers = 1,
						   .families = PROCESSES };
static const struct plan_conditions growing = { .duration_ms = DURATION_MS,
						.brokers = 3,
						.families = PROCESSES,
						.growth = growth,
						.growth_count = 3 };

static struct plan draw(uint64_t seed, const struct plan_conditions *conditions)
{
	struct plan plan;
	struct error err;

	cr_assert_eq(plan_draw(&plan, kinds, COUNT_OF(kinds), seed, conditions, &err), ST_OK);
	return plan;
}

/* The whole plan as a reader sees it; the caller frees it. */
static char *describe(uint64_t seed, const struct plan_conditions *conditions)
{
	struct plan plan = draw(seed, conditions);
	size_t size = (plan.count + 1) * 100;
	char *text = calloc(1, size);
	struct strbuf sb = { .buf = text, .size = size };

	cr_assert(text);
	for (size_t i = 0; i < plan.count; i++)
		plan_describe(&plan.faults[i], &sb);
	cr_expect(!sb.overflow);
	plan_fini(&plan);
	return text;
}

Test(fault_plan, same_seed_gives_the_same_plan)
{
	char *first = describe(7, &growing), *second = describe(7, &growing);
	char *other = describe(8, &growing);

	expect_text(second, first);
	cr_expect(strcmp(other, first) != 0);
	free(first);
	free(second);
	free(other);
}

/* A change of the random numbers, or of their order, would make every noted seed worthless. */
Test(fault_plan, seed_7_is_what_it_was)
{
	const struct plan_conditions short_run = { .duration_ms = 20000,
						   .brokers = 1,
						   .families = PROCESSES };
	char *text = describe(7, &short_run);

	expect_text(text, "    2.00 s  pause         delivery-1       for 7.51 s\n"
			  "    2.74 s  duplicates    topic            83 messages\n"
			  "   10.99 s  kill          order-service    for 0.33 s\n"
			  "   19.90 s  pause         delivery-1       for 6.90 s\n");
	free(text);
}

Test(fault_plan, longer_run_begins_with_the_shorter)
{
	const struct plan_conditions short_run = { .duration_ms = 60000,
						   .brokers = 1,
						   .families = PROCESSES };
	char *first = describe(3, &short_run), *second = describe(3, &one_broker);

	cr_expect(strlen(first) > 0 && strlen(second) > strlen(first));
	cr_expect_eq(strncmp(second, first, strlen(first)), 0);
	free(first);
	free(second);
}

Test(fault_plan, faults_come_in_time_and_within_their_ranges)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct plan plan = draw(seed, &growing);
		int64_t before_ms = 2000;

		cr_assert_gt(plan.count, 20);
		for (size_t i = 0; i < plan.count; i++) {
			const struct fault *f = &plan.faults[i];

			cr_expect(f->at_ms >= before_ms && f->at_ms < DURATION_MS);
			cr_expect(f->parts != 0 && f->parts < PART_BIT(PART_COUNT));
			cr_expect(f->number >= f->kind->min && f->number <= f->kind->max, "%s %d",
				  f->kind->name, f->number);
			before_ms = f->at_ms;
		}
		plan_fini(&plan);
	}
}

/* A part that a fault has broken is left alone until that is over. */
Test(fault_plan, nothing_is_broken_twice_at_a_time)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct plan plan = draw(seed, &one_broker);
		int64_t broken_until_ms[PART_COUNT] = { 0 };

		for (size_t i = 0; i < plan.count; i++) {
			const struct fault *f = &plan.faults[i];
			int64_t lasts_ms = f->kind->amount == AMOUNT_MS ? f->number : 0;

			for (int part = 0; part < PART_COUNT; part++) {
				if (!(f->parts & PART_BIT(part)))
					continue;
				cr_expect_geq(f->at_ms, broken_until_ms[part]);
				broken_until_ms[part] = f->at_ms + lasts_ms + 1;
			}
		}
		plan_fini(&plan);
	}
}

static size_t count_kind(const struct plan *plan, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		count += strcmp(plan->faults[i].kind->name, name) == 0;
	return count;
}

Test(fault_plan, kind_that_does_not_apply_is_not_drawn)
{
	struct plan one = draw(1, &one_broker), three = draw(1, &growing);

	cr_expect_eq(count_kind(&one, "split"), 0);
	cr_expect_gt(count_kind(&three, "split"), 0);
	plan_fini(&one);
	plan_fini(&three);
}

Test(fault_plan, only_the_families_that_are_asked_for_are_drawn)
{
	struct plan_conditions pauses = one_broker, all = one_broker;
	struct plan none = draw(1, &one_broker), only, both;

	pauses.families = FAMILY_BIT(FAMILY_PAUSES);
	all.families = FAMILY_BIT(FAMILY_COUNT) - 1;
	only = draw(1, &pauses);
	both = draw(1, &all);
	cr_expect_eq(count_kind(&none, "long-pause"), 0);
	cr_expect_gt(only.count, 0);
	cr_expect_eq(count_kind(&only, "long-pause"), only.count);
	cr_expect_gt(count_kind(&both, "long-pause"), 0);
	cr_expect_lt(count_kind(&both, "long-pause"), both.count);
	plan_fini(&none);
	plan_fini(&only);
	plan_fini(&both);
}

Test(fault_plan, two_long_faults_come_together_at_most)
{
	struct plan_conditions pauses = growing;
	struct plan plan;

	pauses.families = FAMILY_BIT(FAMILY_PAUSES);
	plan = draw(1, &pauses);
	for (size_t i = 0; i < plan.count; i++) {
		int together = 0;

		for (size_t j = 0; j <= i; j++)
			together += plan.faults[i].at_ms <
				    plan.faults[j].at_ms + plan.faults[j].number;
		cr_expect_leq(together, 2);
	}
	cr_expect_gt(plan.count, 5);
	plan_fini(&plan);
}

Test(fault_plan, topic_grows_in_the_steps_that_are_asked_for)
{
	struct plan none = draw(5, &one_broker), plan = draw(5, &growing);
	size_t step = 0;

	cr_expect_eq(count_kind(&none, "grow"), 0);
	for (size_t i = 0; i < plan.count; i++) {
		if (plan.faults[i].kind->amount != AMOUNT_PARTITIONS)
			continue;
		cr_assert_lt(step, COUNT_OF(growth));
		cr_expect_eq(plan.faults[i].number, growth[step]);
		step++;
		cr_expect_geq(plan.faults[i].at_ms, DURATION_MS * (int64_t)step / 4);
	}
	cr_expect_eq(step, COUNT_OF(growth));
	plan_fini(&none);
	plan_fini(&plan);
}

/* Only replicas that there are by then are broken, and a scale changes their number. */
Test(fault_plan, replicas_are_those_of_the_plan_so_far)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct plan plan = draw(seed, &one_broker);
		int replicas = PLAN_REPLICAS_AT_FIRST;

		for (size_t i = 0; i < plan.count; i++) {
			const struct fault *f = &plan.faults[i];

			if (f->kind->victim == VICTIM_DELIVERY)
				cr_expect_lt(part_index(parts_first(f->parts)), replicas);
			if (f->kind->amount != AMOUNT_REPLICAS)
				continue;
			cr_expect_neq(f->number, replicas);
			replicas = f->number;
		}
		plan_fini(&plan);
	}
}

Test(fault_plan, is_described_in_columns)
{
	const struct fault faults[] = {
		{ 2000, &kinds[2], PART_BIT(PART_DELIVERY + 1), 7510 },
		{ 12340, &kinds[4], PART_BIT(PART_POSTGRES), 17 },
		{ 100000, &kinds[5], parts_range(PART_DELIVERY, REPLICAS_MAX), 3 },
		{ 600050, &kinds[6], PART_BIT(PART_TOPIC), 45 },
		{ 600050, &kinds[1], parts_range(PART_ORDER, ORDERS), 0 },
	};
	char text[600] = "";
	struct strbuf sb = STRBUF_ON(text);

	for (size_t i = 0; i < COUNT_OF(faults); i++)
		plan_describe(&faults[i], &sb);
	expect_text(text, "    2.00 s  pause         delivery-2       for 7.51 s\n"
			  "   12.34 s  end-backend   postgres\n"
			  "  100.00 s  scale         replicas         to 3\n"
			  "  600.05 s  duplicates    topic            45 messages\n"
			  "  600.05 s  kill-relay    orders           for 0.00 s\n");
}
