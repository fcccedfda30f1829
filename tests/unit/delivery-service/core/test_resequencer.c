/* The resequencer: what is applied, in which order, what waits, and what is refused. */
#include "tests/unit/delivery-service/core/resequencer_model.h"

TestSuite(resequencer, .init = unit_deadline);

/* Any event of a version: the first places the order, the fourth ends it. */
static enum event_type type_of(int32_t version)
{
	return version == 1 ? EVENT_PLACED : version == 4 ? EVENT_CANCELLED : EVENT_MODIFIED;
}

/* --- without sequence ---------------------------------------------------------------------- */

Test(resequencer, off_several_events_of_one_order)
{
	begin(false);
	add(7, EVENT_PLACED, 1);
	add(8, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add_none();
	add(7, EVENT_CANCELLED, 3);
	write_events();
	expect_versions(history, 7, "1 2 3");
	expect_delivery(7, 3, DELIVERY_CANCELLED);
	expect_delivery(8, 1, DELIVERY_STARTED);
}

/* The lab's lesson inside one batch: cancelled overtakes modified. */
Test(resequencer, off_a_late_event_is_applied_and_marked)
{
	begin(false);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_CANCELLED, 3);
	add(7, EVENT_MODIFIED, 2);
	write_events();
	expect_versions(history, 7, "1 3 2");
	expect_delivery(7, 3, DELIVERY_MODIFIED);
	cr_expect_not(decisions[1].late);
	cr_expect(decisions[2].late);
}

Test(resequencer, off_duplicates_in_the_batch_and_in_the_history)
{
	begin(false);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_CANCELLED, 2);
	add(7, EVENT_PLACED, 1);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_DUPLICATE, DELIVERY_APPLY, DELIVERY_DUPLICATE);

	next_batch();
	add(7, EVENT_CANCELLED, 2);
	write_events();
	expect_all(DELIVERY_DUPLICATE);
	expect_versions(history, 7, "1 2");
	expect_delivery(7, 2, DELIVERY_CANCELLED);
}

/* A dead letter had no effect, so its repeat is none: it is applied once the order is there. */
Test(resequencer, off_what_had_no_effect_is_not_seen)
{
	struct topic_offset origin = { 3, 5 };

	begin(false);
	add(7, EVENT_MODIFIED, 2);
	add_at(7, EVENT_MODIFIED, 0, origin);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add_at(7, EVENT_MODIFIED, 0, origin);
	add(7, EVENT_MODIFIED, 2);
	add_at(7, EVENT_MODIFIED, 0, origin);
	write_events();
	expect_all(DELIVERY_UNKNOWN, DELIVERY_UNKNOWN, DELIVERY_APPLY, DELIVERY_APPLY,
		   DELIVERY_APPLY, DELIVERY_DUPLICATE, DELIVERY_DUPLICATE);
	cr_expect_eq(db.unknown.count, 2);
}

/* Turned off, what was parked is applied as it stands, page by page, missing versions or not. */
Test(resequencer, off_what_was_parked_is_applied_in_version_order)
{
	begin(true);
	write_one(7, EVENT_PLACED, 1);
	for (int32_t version = 12; version >= 3; version--)
		write_one(7, EVENT_MODIFIED, version);
	write_one(8, EVENT_MODIFIED, 2);
	in_sequence = false;
	write_one(7, EVENT_MODIFIED, 5);
	cr_expect_eq(db.parked.count, 11, "a write in off mode does not look at them");

	skip_version(7, 13);
	resume(7);
	expect_versions(history, 7, "1 5 3 4 6 7 8 9 10 11 12");
	expect_versions(parked, 7, "");
	expect_delivery(7, 12, DELIVERY_MODIFIED);
	resume(8);
	expect_versions(unknown, 8, "2");
	cr_expect_eq(db.parked.count, 0);
	write_one(7, EVENT_MODIFIED, 2);
	expect_all(DELIVERY_APPLY);
	cr_expect(decisions[0].late);
}

/* --- in sequence --------------------------------------------------------------------------- */

/* Every permutation of four versions, cut into batches in every way, with every page size. */
Test(resequencer, four_versions_come_in_any_order)
{
	size_t permutations = 0;

	for (unsigned code = 0; code < 256; code++) {
		int32_t order[4];
		unsigned used = 0;

		for (unsigned i = 0; i < 4; i++) {
			order[i] = (int32_t)(code >> 2 * i & 3) + 1;
			used |= 1u << order[i];
		}
		if (used != 0x1e)
			continue;
		permutations++;
		for (unsigned cuts = 0; cuts < 8; cuts++) {
			for (size_t page = 1; page <= 4; page++) {
				begin(true);
				page_size = page;
				for (unsigned i = 0; i < 4; i++) {
					add(7, type_of(order[i]), order[i]);
					if (i < 3 && !(cuts >> i & 1))
						continue;
					write_events();
					next_batch();
				}
				expect_versions(history, 7, "1 2 3 4");
				expect_delivery(7, 4, DELIVERY_CANCELLED);
				cr_expect_eq(db.parked.count, 0);
			}
		}
	}
	cr_expect_eq(permutations, 24);
}

Test(resequencer, what_waits_in_the_batch_is_decided_again)
{
	begin(true);
	add(7, EVENT_CANCELLED, 3);
	add(8, EVENT_MODIFIED, 2);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_MODIFIED, 5);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_PARK, DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_PARK);
	expect_versions(history, 7, "1 2 3");
	expect_versions(parked, 7, "5");
	expect_versions(parked, 8, "2");
	cr_expect_null(find_delivery(8), "nothing has happened to it");
	cr_expect_eq(db.late_count, 0);
}

/* What is parked and what waits in the batch interleave, and pages end anywhere between. */
Test(resequencer, parked_and_waiting_events_interleave)
{
	for (page_size = 1; page_size <= 5;) {
		size_t page = page_size;

		begin(true);
		for (int32_t version = 2; version <= 10; version += 2)
			write_one(7, type_of(version), version);
		next_batch();
		for (int32_t version = 11; version >= 1; version -= 2)
			add(7, type_of(version), version);
		page_size = page;
		write_events();
		expect_versions(history, 7, "1 2 3 4 5 6 7 8 9 10 11");
		cr_expect_eq(db.parked.count, 0);
		page_size = page + 1;
	}
}

/* Fetching may end anywhere: what is left is told, and found by the next transaction. */
Test(resequencer, an_incomplete_fetch_goes_on)
{
	const int64_t id = 7;

	begin(true);
	page_size = 2;
	for (int32_t version = 2; version <= 8; version++)
		write_one(7, EVENT_MODIFIED, version);
	next_batch();
	add(7, EVENT_PLACED, 1);
	cr_expect(transact(NULL, 0, 0));
	expect_versions(history, 7, "1");
	cr_expect(transact(&id, 1, 1));
	expect_versions(history, 7, "1 2 3");
	cr_expect(transact(&id, 1, 2));
	expect_versions(history, 7, "1 2 3 4 5 6 7");
	cr_expect_not(transact(&id, 1, 2));
	expect_versions(history, 7, "1 2 3 4 5 6 7 8");
	cr_expect_eq(db.parked.count, 0);
}

/* A full page that ends where a version is missing: the rest stays parked. */
Test(resequencer, a_fetch_ends_at_a_gap)
{
	begin(true);
	page_size = 2;
	for (int32_t version = 2; version <= 9; version++) {
		if (version != 5)
			write_one(7, EVENT_MODIFIED, version);
	}
	write_one(7, EVENT_PLACED, 1);
	expect_versions(history, 7, "1 2 3 4");
	sort(&db.parked);
	expect_versions(parked, 7, "6 7 8 9");
	write_one(7, EVENT_MODIFIED, 5);
	expect_versions(history, 7, "1 2 3 4 5 6 7 8 9");
}

Test(resequencer, duplicates_in_batch_parked_and_history)
{
	begin(true);
	add(7, EVENT_CANCELLED, 3);
	add(7, EVENT_CANCELLED, 3);
	write_events();
	expect_all(DELIVERY_PARK, DELIVERY_DUPLICATE);

	next_batch();
	add(7, EVENT_CANCELLED, 3);
	write_events();
	expect_all(DELIVERY_PARK);
	expect_versions(parked, 7, "3");

	next_batch();
	add(7, EVENT_CANCELLED, 3);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_CANCELLED, 3);
	write_events();
	expect_all(DELIVERY_DUPLICATE, DELIVERY_APPLY, DELIVERY_DUPLICATE, DELIVERY_APPLY,
		   DELIVERY_DUPLICATE);
	expect_versions(history, 7, "1 2 3");
	cr_expect_eq(db.parked.count, 0, "the parked one has the effect: it came first");

	next_batch();
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_CANCELLED, 3);
	write_events();
	expect_all(DELIVERY_DUPLICATE, DELIVERY_DUPLICATE, DELIVERY_DUPLICATE);
	cr_expect_eq(db.passed.count, 0);
}

/* Another event with the same version is no repeat, wherever the first one is. */
Test(resequencer, another_event_of_a_version_is_a_conflict)
{
	begin(true);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_CANCELLED, 1);
	add(7, EVENT_CANCELLED, 3);
	add(7, EVENT_MODIFIED, 3);
	add(7, EVENT_CANCELLED, 3);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_CONFLICT, DELIVERY_PARK, DELIVERY_CONFLICT,
		   DELIVERY_DUPLICATE);

	next_batch();
	add(7, EVENT_MODIFIED, 1);
	write_events();
	expect_all(DELIVERY_CONFLICT);
	expect_versions(history, 7, "1");
}

/* The first one is parked, and what it waits for comes with, or before, another event of its
 * version, in any order. */
Test(resequencer, a_parked_event_came_before_another_of_its_version)
{
	for (int last = 0; last < 2; last++) {
		begin(true);
		write_one(7, EVENT_CANCELLED, 2);
		next_batch();
		if (last)
			add(7, EVENT_PLACED, 1);
		add(7, EVENT_MODIFIED, 2);
		if (!last)
			add(7, EVENT_PLACED, 1);
		write_events();
		cr_expect_eq(decisions[last].verdict, DELIVERY_CONFLICT, "%d", last);
		cr_expect_eq(decisions[1 - last].verdict, DELIVERY_APPLY, "%d", last);
		expect_versions(history, 7, "1 2");
		expect_delivery(7, 2, DELIVERY_CANCELLED);
		cr_expect_eq(db.parked.count, 0);
	}
}

/* ... also behind a copy of an applied one, which off mode has left there. */
Test(resequencer, a_parked_event_behind_a_copy_came_before_another_of_its_version)
{
	begin(true);
	write_one(7, EVENT_MODIFIED, 2);
	write_one(7, EVENT_CANCELLED, 3);
	in_sequence = false;
	write_one(7, EVENT_PLACED, 1);
	write_one(7, EVENT_MODIFIED, 2);
	expect_versions(parked, 7, "2 3");
	in_sequence = true;
	write_one(7, EVENT_MODIFIED, 3);
	expect_all(DELIVERY_CONFLICT);
	expect_versions(history, 7, "1 2 3");
	expect_delivery(7, 3, DELIVERY_CANCELLED);
	cr_expect_eq(db.parked.count, 0);
}

/* Fetching ends before it: it waits as if its turn had not come. */
Test(resequencer, an_event_waits_for_the_parked_one_of_its_version)
{
	const int64_t id = 7;

	begin(true);
	write_one(7, EVENT_MODIFIED, 2);
	next_batch();
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	cr_expect(transact(NULL, 0, 0));
	expect_all(DELIVERY_APPLY, DELIVERY_PARK);
	cr_expect_not(transact(&id, 1, ALL));
	expect_versions(history, 7, "1 2");
	cr_expect_eq(db.parked.count, 0);
}

/* A copy of an applied event that is still parked (from off mode) goes without an effect. */
Test(resequencer, a_parked_copy_of_an_applied_event_goes)
{
	begin(true);
	write_one(7, EVENT_MODIFIED, 2);
	write_one(7, EVENT_MODIFIED, 3);
	in_sequence = false;
	write_one(7, EVENT_PLACED, 1);
	write_one(7, EVENT_MODIFIED, 2);
	expect_versions(parked, 7, "2 3");
	in_sequence = true;
	resume(7);
	expect_versions(history, 7, "1 2 3");
	cr_expect_eq(db.parked.count, 0);
	cr_expect_eq(db.passed.count, 0);
}

/* In sequence version 1 must place the order; what is behind a refused one waits. */
Test(resequencer, an_unknown_order_is_refused)
{
	begin(true);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_MODIFIED, 1);
	add(7, EVENT_PLACED, 1);
	add(8, EVENT_CANCELLED, 0);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_UNKNOWN, DELIVERY_APPLY, DELIVERY_UNKNOWN);
	expect_versions(history, 7, "1 2");
	expect_versions(unknown, 7, "1");
}

/* --- skipped ------------------------------------------------------------------------------- */

Test(resequencer, a_skipped_version_is_passed_over)
{
	begin(true);
	write_one(7, EVENT_PLACED, 1);
	write_one(7, EVENT_MODIFIED, 4);
	write_one(7, EVENT_MODIFIED, 5);
	skip_version(7, 2);
	resume(7);
	expect_versions(history, 7, "1");
	skip_version(7, 3);
	resume(7);
	expect_versions(history, 7, "1 4 5");
	expect_delivery(7, 5, DELIVERY_MODIFIED);

	next_batch();
	add(7, EVENT_MODIFIED, 3);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_MODIFIED, 4);
	add(7, EVENT_MODIFIED, 6);
	write_events();
	expect_all(DELIVERY_TOO_LATE, DELIVERY_TOO_LATE, DELIVERY_DUPLICATE, DELIVERY_APPLY);
	expect_versions(passed, 7, "3 2");
}

/* Versions skipped ahead count at the moment when their turn comes. */
Test(resequencer, skipped_ahead)
{
	begin(true);
	skip_version(7, 2);
	skip_version(7, 4);
	skip_version(8, 1);
	add(7, EVENT_MODIFIED, 5);
	add(7, EVENT_MODIFIED, 3);
	add(7, EVENT_PLACED, 1);
	write_events();
	expect_versions(history, 7, "1 3 5");
	expect_delivery(7, 5, DELIVERY_MODIFIED);
	write_one(7, EVENT_MODIFIED, 2);
	expect_all(DELIVERY_TOO_LATE);
}

/* The highest version of the row counts what was skipped behind the last applied one. */
Test(resequencer, skipped_behind_the_last_one)
{
	begin(true);
	skip_version(7, 2);
	skip_version(7, 3);
	write_one(7, EVENT_PLACED, 1);
	expect_delivery(7, 3, DELIVERY_STARTED);
	write_one(7, EVENT_CANCELLED, 4);
	expect_all(DELIVERY_APPLY);
}

/* A version that was applied before it was skipped stays what it is. */
Test(resequencer, skipped_too_late)
{
	begin(true);
	write_one(7, EVENT_PLACED, 1);
	write_one(7, EVENT_MODIFIED, 2);
	skip_version(7, 2);
	write_one(7, EVENT_MODIFIED, 2);
	expect_all(DELIVERY_DUPLICATE);
	write_one(7, EVENT_MODIFIED, 3);
	expect_versions(history, 7, "1 2 3");
}

/* An event waits, its own version is skipped, its turn comes: it came in time after all. */
Test(resequencer, skipped_while_it_is_parked)
{
	for (size_t page = 1; page <= 3; page++) {
		begin(true);
		page_size = page;
		write_one(7, EVENT_MODIFIED, 3);
		write_one(7, EVENT_MODIFIED, 2);
		write_one(7, EVENT_MODIFIED, 5);
		skip_version(7, 2);
		skip_version(7, 3);
		skip_version(7, 4);
		write_one(7, EVENT_PLACED, 1);
		expect_versions(history, 7, "1 2 3 5");
		cr_expect_eq(db.passed.count, 0);
		cr_expect_eq(db.parked.count, 0);
	}
}

/* A copy of what is parked comes and is applied: what is parked behind it is in time, too. */
Test(resequencer, skipped_and_parked_behind_a_repeat)
{
	begin(true);
	write_one(7, EVENT_MODIFIED, 2);
	write_one(7, EVENT_MODIFIED, 3);
	skip_version(7, 3);
	next_batch();
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	write_events();
	expect_versions(history, 7, "1 2 3");
	cr_expect_eq(db.passed.count, 0);
	cr_expect_eq(db.parked.count, 0);
}

/* The same where nothing but giving up lets the order go on. */
Test(resequencer, skipped_with_what_is_parked_behind_it)
{
	for (size_t page = 1; page <= 3; page++) {
		begin(true);
		page_size = page;
		write_one(7, EVENT_MODIFIED, 2);
		write_one(7, EVENT_MODIFIED, 3);
		skip_version(7, 1);
		skip_version(7, 2);
		resume(7);
		expect_versions(history, 7, "2 3");
		cr_expect_eq(db.passed.count, 0);
		cr_expect_eq(db.parked.count, 0);
	}
}

Test(resequencer, skipped_while_it_waits_in_the_batch)
{
	begin(true);
	skip_version(7, 2);
	add(7, EVENT_MODIFIED, 3);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_PLACED, 1);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_APPLY);
	expect_versions(history, 7, "1 2 3");
	cr_expect_eq(db.parked.count, 0);
}

/* Behind its predecessor in the batch it comes too late. */
Test(resequencer, skipped_and_not_there_when_its_turn_comes)
{
	begin(true);
	skip_version(7, 2);
	add(7, EVENT_MODIFIED, 3);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_TOO_LATE);
	expect_versions(history, 7, "1 3");
	expect_versions(passed, 7, "2");
	cr_expect_eq(db.parked.count, 0);
}

/* Every event carries the whole order, so any can begin one whose first versions are gone. */
Test(resequencer, an_order_begins_behind_what_was_skipped)
{
	static const struct {
		enum event_type type;
		enum delivery_state state;
	} firsts[] = {
		{ EVENT_PLACED, DELIVERY_STARTED },
		{ EVENT_MODIFIED, DELIVERY_MODIFIED },
		{ EVENT_CANCELLED, DELIVERY_CANCELLED },
	};

	for (size_t i = 0; i < COUNT_OF(firsts); i++) {
		begin(true);
		skip_version(7, 1);
		skip_version(7, 2);
		write_one(7, firsts[i].type, 3);
		expect_all(DELIVERY_APPLY);
		expect_delivery(7, 3, firsts[i].state);
		write_one(7, EVENT_PLACED, 1);
		expect_all(DELIVERY_TOO_LATE);
		expect_delivery(7, 3, firsts[i].state);

		begin(true);
		write_one(7, firsts[i].type, 2);
		skip_version(7, 1);
		resume(7);
		expect_delivery(7, 2, firsts[i].state);
		expect_versions(history, 7, "2");
	}
}

/* --- the ends of the numbers --------------------------------------------------------------- */

Test(resequencer, the_last_version)
{
	begin(true);
	put_delivery(7, INT32_MAX - 3, DELIVERY_STARTED);
	page_size = 2;
	write_one(7, EVENT_CANCELLED, INT32_MAX);
	write_one(7, EVENT_MODIFIED, INT32_MAX - 1);
	write_one(7, EVENT_MODIFIED, INT32_MAX - 2);
	expect_versions(history, 7, "2147483645 2147483646 2147483647");
	expect_delivery(7, INT32_MAX, DELIVERY_CANCELLED);
	cr_expect_eq(db.parked.count, 0);
	cr_expect_eq(db.passed.count, 0);
	write_one(7, EVENT_CANCELLED, INT32_MAX);
	expect_all(DELIVERY_DUPLICATE);
	write_one(7, EVENT_MODIFIED, 1);
	expect_all(DELIVERY_TOO_LATE);
}

Test(resequencer, the_last_version_is_skipped)
{
	begin(true);
	put_delivery(7, INT32_MAX - 2, DELIVERY_STARTED);
	skip_version(7, INT32_MAX);
	write_one(7, EVENT_MODIFIED, INT32_MAX - 1);
	expect_delivery(7, INT32_MAX, DELIVERY_MODIFIED);
	write_one(7, EVENT_MODIFIED, INT32_MAX);
	expect_all(DELIVERY_TOO_LATE);
}

/* Off: the last page is full and ends with the last version there can be. */
Test(resequencer, off_a_page_ends_with_the_last_version)
{
	begin(true);
	write_one(7, EVENT_PLACED, 1);
	page_size = 2;
	write_one(7, EVENT_MODIFIED, INT32_MAX - 1);
	write_one(7, EVENT_MODIFIED, INT32_MAX);
	in_sequence = false;
	resume(7);
	expect_versions(history, 7, "1 2147483646 2147483647");
	cr_expect_eq(db.parked.count, 0);
}

/* --- without versions ---------------------------------------------------------------------- */

/* They have no place in the sequence: applied as they come, each place on the topic once. */
Test(resequencer, events_without_version_are_applied_once_by_their_place)
{
	for (int sequence = 0; sequence <= 1; sequence++) {
		struct topic_offset replayed = { 1, 40 };

		begin(sequence);
		add_at(7, EVENT_PLACED, 0, (struct topic_offset){ 0, 40 });
		add_at(7, EVENT_MODIFIED, 0, replayed);
		add_at(7, EVENT_MODIFIED, 0, replayed);
		add_at(7, EVENT_PLACED, 0, (struct topic_offset){ 0, 40 });
		add_at(7, EVENT_CANCELLED, 0, (struct topic_offset){ 0, 41 });
		write_events();
		expect_all(DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_DUPLICATE, DELIVERY_DUPLICATE,
			   DELIVERY_APPLY);
		expect_delivery(7, 0, DELIVERY_CANCELLED);

		next_batch();
		add_at(7, EVENT_MODIFIED, 0, replayed);
		add_at(7, EVENT_MODIFIED, 0, (struct topic_offset){ 2, 41 });
		write_events();
		expect_all(DELIVERY_DUPLICATE, DELIVERY_APPLY);
		cr_expect_eq(db.plain_count, 4);
	}
}

Test(resequencer, events_without_version_do_not_move_the_sequence)
{
	begin(true);
	add(7, EVENT_PLACED, 0);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_CANCELLED, 0);
	add(7, EVENT_MODIFIED, 4);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_PARK);
	expect_versions(history, 7, "0 1 2 0");
	expect_delivery(7, 2, DELIVERY_CANCELLED);
}
