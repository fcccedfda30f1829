/* Whose events come out together, and which of them others need not wait for. */
#include "delivery-service/work/scheduler.h"
#include "tests/unit/unit.h"

TestSuite(scheduler, .init = unit_deadline);

static struct scheduler *open_scheduler(enum processing_order order, bool in_sequence)
{
	const struct scheduler_settings settings = { .processing_order = order,
						     .max_concurrency = 8,
						     .in_sequence = in_sequence };
	struct scheduler *s;
	struct error err;

	cr_assert_eq(scheduler_open(&s, &settings, NULL, NULL, &err), ST_OK);
	return s;
}

static struct event_record *add(struct scheduler *s, int32_t partition, int64_t order_id)
{
	struct event_record *record = calloc(1, sizeof(*record));

	cr_assert_not_null(record);
	record->event = calloc(1, sizeof(*record->event));
	cr_assert_not_null(record->event);
	record->event->order_id = order_id;
	record->at.partition = partition;
	cr_assert(scheduler_add(s, record));
	return record;
}

/* The partitions of what comes out, a digit each. */
static int64_t done(struct scheduler *s)
{
	struct event_record *record;
	int64_t digits = 0;

	while ((record = scheduler_done(s, 1)) != NULL) {
		digits = digits * 10 + record->at.partition;
		event_record_free(record);
	}
	return digits;
}

static int64_t done_of_two_partitions(enum processing_order order, bool in_sequence)
{
	struct scheduler *s = open_scheduler(order, in_sequence);
	int64_t digits;

	for (int i = 0; i < 3; i++) {
		(void)add(s, 1, 1);
		(void)add(s, 2, 2);
	}
	digits = done(s);
	scheduler_close(s);
	return digits;
}

Test(scheduler, events_of_one_lane_come_out_together)
{
	cr_expect_eq(done_of_two_partitions(PROCESSING_PARTITION, false), 111222);
	cr_expect_eq(done_of_two_partitions(PROCESSING_KEY, false), 111222);
	cr_expect_eq(done_of_two_partitions(PROCESSING_KEY, true), 111222);
}

/* An order's events may lie in several: they meet in memory rather than in the table of what is
 * parked. */
Test(scheduler, partitions_in_sequence_take_turns_event_by_event)
{
	cr_expect_eq(done_of_two_partitions(PROCESSING_PARTITION, true), 121212);
	cr_expect_eq(done_of_two_partitions(PROCESSING_UNORDERED, true), 121212);
}

static int64_t behind(enum processing_order order)
{
	struct scheduler *s = open_scheduler(order, false);
	int64_t count = 0;

	for (int i = 0; i < 150; i++) {
		count += scheduler_is_behind(s, add(s, 0, 7));
		count += scheduler_is_behind(s, add(s, 0, 1000 + i));
	}
	scheduler_drop(s, 0);
	scheduler_close(s);
	return count;
}

Test(scheduler, only_what_waits_behind_many_of_its_order_is_behind)
{
	cr_expect_eq(behind(PROCESSING_KEY), 50, "the first hundred are not");
	cr_expect_eq(behind(PROCESSING_PARTITION), 0, "the others wait for it");
	cr_expect_eq(behind(PROCESSING_UNORDERED), 0);
}
