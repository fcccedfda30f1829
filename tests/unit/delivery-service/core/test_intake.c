/* What becomes of a message that the consumer brings. */
#include "delivery-service/core/intake.h"

#include <string.h>

#include "tests/unit/unit.h"

TestSuite(intake, .init = unit_deadline);

static struct message_header header;

/* A message at an offset; type NULL: it has no header. */
static struct message message_at(int64_t offset, const char *type)
{
	header = (struct message_header){ "type", type, type ? strlen(type) : 0 };
	return (struct message){
		.topic = "t", .at = { 0, offset }, .headers = &header, .header_count = type ? 1 : 0
	};
}

/* p NULL: the message's partition is not ours. */
static enum intake_verdict receive(struct partition *p, int64_t offset, const char *type)
{
	const struct message m = message_at(offset, type);
	struct partition_place places[] = { { .index = p ? 1 : 0 } };
	struct partitions partitions = {
		.list = p, .count = p ? 1 : 0, .places = places, .place_count = 1
	};
	struct intake intake = { .partitions = &partitions };
	struct intake_result r = intake_receive(&intake, &m, 99);

	cr_expect_eq(r.partition, p);
	cr_expect_eq(r.record != NULL, r.verdict == INTAKE_ENQUEUE);
	if (r.record) {
		cr_expect_eq(r.record->at.offset, offset);
		cr_expect_eq(p->last, r.record);
		p->last = NULL;
	}
	event_record_free(r.record);
	intake_fini(&intake);
	return r.verdict;
}

/* A partition that is read from offset 10, with 15 to 19 done. */
static struct partition partition(void)
{
	struct partition p = { .next_read = 10, .tracker = { .next = 10 } };

	cr_assert(offset_tracker_restore(&p.tracker, (struct offset_range){ 15, 20 }));
	return p;
}

Test(intake, an_order_event_is_enqueued_where_it_stands)
{
	struct partition p = partition();

	cr_expect_eq(receive(&p, 10, "OrderPlaced"), INTAKE_ENQUEUE);
	cr_expect_eq(p.next_read, 11);
	cr_expect_eq(p.in_flight.events, 1);
	offset_tracker_fini(&p.tracker);
}

/* It has to be read before anybody can say what it is: it becomes a dead letter. */
Test(intake, a_message_without_a_type_is_enqueued)
{
	struct partition p = partition();

	cr_expect_eq(receive(&p, 10, NULL), INTAKE_ENQUEUE);
	offset_tracker_fini(&p.tracker);
}

Test(intake, another_type_is_skipped)
{
	struct partition p = partition();

	cr_expect_eq(receive(&p, 10, "DeliveryStarted"), INTAKE_SKIP);
	cr_expect_eq(p.next_read, 11);
	cr_expect_eq(p.skipped_range.first, 10);
	cr_expect_eq(p.skipped_range.end, 11);
	offset_tracker_fini(&p.tracker);
}

Test(intake, what_was_done_before_is_done)
{
	struct partition p = partition();

	p.next_read = 15;
	cr_expect_eq(receive(&p, 15, "OrderPlaced"), INTAKE_DONE);
	cr_expect_eq(receive(&p, 19, "DeliveryStarted"), INTAKE_DONE, "not counted as skipped");
	cr_expect_eq(p.next_read, 20);
	cr_expect_eq(receive(&p, 20, "OrderPlaced"), INTAKE_ENQUEUE);
	offset_tracker_fini(&p.tracker);
}

/* A hole in the log: control records, or what retention has removed. */
Test(intake, a_hole_before_the_message_needs_no_work)
{
	struct partition p = partition();

	cr_expect_eq(receive(&p, 13, "OrderPlaced"), INTAKE_ENQUEUE);
	cr_expect_eq(p.next_read, 14);
	cr_expect_eq(p.skipped_range.first, 10);
	cr_expect_eq(p.skipped_range.end, 13);
	offset_tracker_fini(&p.tracker);
}

/* --- a log that goes back ------------------------------------------------------------------ */

Test(intake, a_message_from_before_is_not_received)
{
	struct partition p = partition();

	cr_expect(intake_goes_back(&p, 9));
	cr_expect_not(intake_goes_back(&p, 10));
	cr_expect_not(intake_goes_back(NULL, 9));
	cr_expect_eq(receive(&p, 9, "OrderPlaced"), INTAKE_DONE);
	cr_expect_eq(p.next_read, 10);
	p.went_back = true;
	cr_expect_not(intake_goes_back(&p, 9), "that is known");
	cr_expect_eq(receive(&p, 10, "OrderPlaced"), INTAKE_DONE, "nothing until it restarts");
	offset_tracker_fini(&p.tracker);
}

/* The next to be read was 10. again: it went back at this place before. */
static const struct back {
	const char *what;
	int64_t offset, log_start, log_end;
	bool again, another;
} backs[] = {
	{ "in the midst of a log that goes on", 7, 0, 12, false, false },
	{ "at its end", 7, 0, 10, false, false },
	{ "it ended before, and begins with an aborted transaction", 7, 0, 9, false, true },
	{ "no: what is there twice is longer the first time", 7, 0, 9, true, false },
	{ "it ended before, and has begun anew", 0, 0, 9, false, true },
	{ "it has begun anew, and grown", 0, 0, 12, false, true },
	{ "its first offsets are there twice", 0, 0, 12, true, false },
	{ "it was re-created twice, after as much each time", 0, 0, 9, true, true },
	{ "it has begun anew, but not at 0", 5, 5, 12, false, true },
	{ "its beginning was deleted since", 5, 6, 12, false, true },
	{ "likewise, and its first offsets are there twice", 5, 6, 12, true, false },
	{ "where it begins is not known", 7, -1001, 12, false, false },
	{ "likewise, and it ended before", 7, -1001, 9, false, true },
	{ "where it ends is not known", 7, 0, -1001, false, false },
	{ "likewise, at its beginning", 0, 0, -1001, false, true },
};

Test(intake, a_log_that_goes_back_is_another_one_or_repeats_offsets)
{
	for (size_t i = 0; i < sizeof(backs) / sizeof(backs[0]); i++) {
		const struct back *b = &backs[i];
		struct partition p = partition();

		p.returned = (struct log_return){ b->again ? 10 : 11, b->offset };
		cr_expect_eq(intake_is_another_log(&p, b->offset, b->log_start, b->log_end),
			     b->another, "%s", b->what);
		p.returned.to++;
		cr_expect(b->again || intake_is_another_log(&p, b->offset, b->log_start,
							    b->log_end) == b->another,
			  "%s; that was another place", b->what);
		offset_tracker_fini(&p.tracker);
	}
}

Test(intake, nothing_is_received_of_a_fenced_or_unknown_partition)
{
	struct partition p = partition();

	p.reclaim_at_mono_ms = 1;
	cr_expect_eq(receive(&p, 10, "OrderPlaced"), INTAKE_DONE);
	cr_expect_eq(receive(&p, 9, "OrderPlaced"), INTAKE_DONE);
	cr_expect_not(intake_goes_back(&p, 9));
	cr_expect_eq(p.next_read, 10);
	cr_expect_eq(receive(NULL, 10, "OrderPlaced"), INTAKE_DONE);
	offset_tracker_fini(&p.tracker);
}

/* --- ends and holes ------------------------------------------------------------------------ */

/* The last of it were control records: they need no work, and the position goes past them. */
Test(intake, an_end_moves_the_partition_on)
{
	struct partition p = partition();

	intake_end(&p, 13);
	cr_expect_eq(p.next_read, 13);
	cr_expect_eq(p.skipped_range.first, 10);
	cr_expect_eq(p.skipped_range.end, 13);
	intake_end(NULL, 13);
	offset_tracker_fini(&p.tracker);
}

Test(intake, an_end_where_it_is_read_to_is_nothing)
{
	struct partition p = partition();

	intake_end(&p, 10);
	cr_expect_not(partition_skipped(&p));
	cr_expect_not(p.went_back);
	offset_tracker_fini(&p.tracker);
}

/* An empty log, of a topic that was re-created. */
Test(intake, an_end_before_what_was_read_is_of_another_log)
{
	struct partition p = partition();

	intake_end(&p, 0);
	cr_expect(p.went_back && p.replaced);
	cr_expect_eq(p.next_read, 10);
	offset_tracker_fini(&p.tracker);
}

/* offset: what came; log_start: where the log begins; the rest is what was lost. */
static const struct hole {
	int64_t offset, log_start, first, end, count;
} holes[] = {
	{ 13, 13, 10, 13, 3 },  /* the log begins with what came */
	{ 13, 12, 10, 12, 2 },  /* and what follows its beginning are control records */
	{ 13, 40, 10, 13, 3 },  /* it has moved on since */
	{ 25, 25, 10, 25, 10 }, /* what was done before is not lost */
	{ 13, 10, 0, 0, 0 },    /* control records, or compaction */
	{ 13, 5, 0, 0, 0 },     { 13, -1001, 0, 0, 0 }, /* nobody knows where the log begins */
	{ 10, 13, 0, 0, 0 },                            /* no hole */
};

Test(intake, only_what_lies_before_the_log_was_lost)
{
	for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		const struct hole *h = &holes[i];
		struct partition p = partition();
		struct intake_lost lost = { 0 };

		cr_expect_eq(intake_lost(&p, h->offset, h->log_start, &lost), h->count > 0, "%zu",
			     i);
		cr_expect_eq(lost.count, h->count, "%zu: %lld", i, (long long)lost.count);
		cr_expect(h->count == 0 ||
				  (lost.range.first == h->first && lost.range.end == h->end),
			  "%zu", i);
		offset_tracker_fini(&p.tracker);
	}
}

Test(intake, a_partition_that_is_not_read_loses_nothing)
{
	struct partition p = partition();
	struct intake_lost lost;

	p.reclaim_at_mono_ms = 1;
	cr_expect_not(intake_lost(&p, 13, 13, &lost));
	p.reclaim_at_mono_ms = 0;
	p.went_back = true;
	cr_expect_not(intake_lost(&p, 13, 13, &lost));
	p.went_back = false;
	p.tracker.next = 13; /* all of it is done */
	cr_expect_not(intake_lost(&p, 13, 13, &lost));
	offset_tracker_fini(&p.tracker);
}
