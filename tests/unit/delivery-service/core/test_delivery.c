/* The table of (state, event), every cell, and the decisions that it makes. */
#include "delivery-service/core/delivery.h"
#include "tests/unit/unit.h"

TestSuite(delivery, .init = unit_deadline);

typedef struct delivery_decision decider(enum delivery_state, int32_t, enum event_type, int32_t,
					 bool);

static decider *const deciders[] = { delivery_decide, delivery_decide_in_sequence };

/* The table written a second time, so that a slip in one of the two shows. */
static const struct {
	enum delivery_verdict verdict;
	enum delivery_state next;
} expected[DELIVERY_STATE_COUNT][EVENT_TYPE_COUNT] = {
	[DELIVERY_NONE] = { [EVENT_PLACED] = { DELIVERY_APPLY, DELIVERY_STARTED },
			    [EVENT_MODIFIED] = { DELIVERY_UNKNOWN, DELIVERY_NONE },
			    [EVENT_CANCELLED] = { DELIVERY_UNKNOWN, DELIVERY_NONE } },
	[DELIVERY_STARTED] = { [EVENT_PLACED] = { DELIVERY_APPLY, DELIVERY_STARTED },
			       [EVENT_MODIFIED] = { DELIVERY_APPLY, DELIVERY_MODIFIED },
			       [EVENT_CANCELLED] = { DELIVERY_APPLY, DELIVERY_CANCELLED } },
	[DELIVERY_MODIFIED] = { [EVENT_PLACED] = { DELIVERY_APPLY, DELIVERY_STARTED },
				[EVENT_MODIFIED] = { DELIVERY_APPLY, DELIVERY_MODIFIED },
				[EVENT_CANCELLED] = { DELIVERY_APPLY, DELIVERY_CANCELLED } },
	[DELIVERY_CANCELLED] = { [EVENT_PLACED] = { DELIVERY_APPLY, DELIVERY_STARTED },
				 [EVENT_MODIFIED] = { DELIVERY_APPLY, DELIVERY_MODIFIED },
				 [EVENT_CANCELLED] = { DELIVERY_APPLY, DELIVERY_CANCELLED } },
};

Test(delivery, every_row_stands_at_its_index)
{
	for (unsigned s = 0; s < DELIVERY_STATE_COUNT; s++) {
		for (unsigned e = 0; e < EVENT_TYPE_COUNT; e++) {
			const struct delivery_rule *rule =
				&delivery_rules[s * EVENT_TYPE_COUNT + e];

			cr_expect_eq((unsigned)rule->state, s, "state of cell %u, %u", s, e);
			cr_expect_eq((unsigned)rule->event, e, "event of cell %u, %u", s, e);
			cr_expect(rule->comment && *rule->comment, "comment of cell %u, %u", s, e);
			cr_expect_neq(rule->verdict, DELIVERY_DUPLICATE, "cell %u, %u", s, e);
		}
	}
}

Test(delivery, every_cell_decides_as_expected)
{
	for (unsigned s = 0; s < DELIVERY_STATE_COUNT; s++) {
		for (unsigned e = 0; e < EVENT_TYPE_COUNT; e++) {
			struct delivery_decision d = delivery_decide((enum delivery_state)s, 4,
								     (enum event_type)e, 5, false);

			cr_expect_eq(d.verdict, expected[s][e].verdict, "cell %u, %u", s, e);
			cr_expect(d.verdict != DELIVERY_APPLY || d.next == expected[s][e].next,
				  "cell %u, %u leads to %d", s, e, (int)d.next);
			cr_expect_not(d.late, "cell %u, %u", s, e);
		}
	}
}

/* What is applied ends in the state that the contract gives the event. */
Test(delivery, an_effect_leads_to_the_state_of_its_event)
{
	for (unsigned i = 0; i < COUNT_OF(delivery_rules); i++) {
		const struct delivery_rule *rule = &delivery_rules[i];

		if (rule->verdict == DELIVERY_APPLY)
			expect_text(delivery_status(rule->next),
				    event_delivery_statuses[rule->event]);
	}
}

Test(delivery, seen_versions_are_duplicates_in_every_cell)
{
	for (unsigned s = 0; s < DELIVERY_STATE_COUNT; s++) {
		for (unsigned e = 0; e < EVENT_TYPE_COUNT; e++) {
			for (int32_t version = 1; version <= 5; version++) {
				for (unsigned i = 0; i < COUNT_OF(deciders); i++) {
					struct delivery_decision d =
						deciders[i]((enum delivery_state)s, 3,
							    (enum event_type)e, version, true);

					cr_expect_eq(d.verdict, DELIVERY_DUPLICATE, "cell %u, %u",
						     s, e);
					cr_expect_not(d.late, "cell %u, %u", s, e);
				}
			}
		}
	}
}

/* It cannot be known as late; whether it is a repeat, its place on the topic says. */
Test(delivery, events_without_version_are_applied_as_they_come)
{
	for (unsigned s = 0; s < DELIVERY_STATE_COUNT; s++) {
		for (unsigned e = 0; e < EVENT_TYPE_COUNT; e++) {
			for (unsigned i = 0; i < COUNT_OF(deciders); i++) {
				struct delivery_decision d = deciders[i](
					(enum delivery_state)s, 9, (enum event_type)e, 0, false);

				cr_expect_eq(d.verdict, expected[s][e].verdict, "cell %u, %u", s,
					     e);
				cr_expect(d.verdict != DELIVERY_APPLY ||
						  d.next == expected[s][e].next,
					  "cell %u, %u", s, e);
				cr_expect_not(d.late, "cell %u, %u", s, e);
				d = deciders[i]((enum delivery_state)s, 9, (enum event_type)e, 0,
						true);
				cr_expect_eq(d.verdict, DELIVERY_DUPLICATE, "cell %u, %u", s, e);
			}
		}
	}
}

Test(delivery, late_is_what_comes_after_a_newer_one)
{
	for (unsigned s = 0; s < DELIVERY_STATE_COUNT; s++) {
		for (unsigned e = 0; e < EVENT_TYPE_COUNT; e++) {
			for (int32_t known = 0; known <= 4; known++) {
				for (int32_t version = 1; version <= 4; version++) {
					struct delivery_decision d =
						delivery_decide((enum delivery_state)s, known,
								(enum event_type)e, version, false);

					cr_expect_eq(d.late,
						     d.verdict == DELIVERY_APPLY && version < known,
						     "cell %u, %u: %d after %d", s, e, version,
						     known);
				}
			}
		}
	}
}

/* The lab: placed 1, modified 2, cancelled 3, where 3 overtakes 2. */
Test(delivery, the_lost_order)
{
	struct delivery_decision d = delivery_decide(DELIVERY_NONE, 0, EVENT_PLACED, 1, false);

	cr_expect_eq(d.next, DELIVERY_STARTED);
	d = delivery_decide(d.next, 1, EVENT_CANCELLED, 3, false);
	cr_expect_eq(d.next, DELIVERY_CANCELLED);
	cr_expect_not(d.late);
	d = delivery_decide(d.next, 3, EVENT_MODIFIED, 2, false);
	cr_expect_eq(d.verdict, DELIVERY_APPLY);
	cr_expect_eq(d.next, DELIVERY_MODIFIED);
	cr_expect(d.late);
}

/* The same in sequence: 3 waits for 2. */
Test(delivery, the_kept_order)
{
	struct delivery_decision d =
		delivery_decide_in_sequence(DELIVERY_STARTED, 1, EVENT_CANCELLED, 3, false);

	cr_expect_eq(d.verdict, DELIVERY_PARK);
	d = delivery_decide_in_sequence(DELIVERY_STARTED, 1, EVENT_MODIFIED, 2, false);
	cr_expect_eq(d.verdict, DELIVERY_APPLY);
	cr_expect_eq(d.next, DELIVERY_MODIFIED);
	d = delivery_decide_in_sequence(d.next, 2, EVENT_CANCELLED, 3, false);
	cr_expect_eq(d.verdict, DELIVERY_APPLY);
	cr_expect_eq(d.next, DELIVERY_CANCELLED);
}

/* In sequence only the next version is applied, in every cell and up to the last version. */
Test(delivery, in_sequence_each_version_has_its_turn)
{
	static const int32_t versions[] = { 1, 2, 3, 9, 10, 11, INT32_MAX - 1, INT32_MAX };

	for (unsigned s = DELIVERY_STARTED; s < DELIVERY_STATE_COUNT; s++) {
		for (unsigned e = 0; e < EVENT_TYPE_COUNT; e++) {
			for (unsigned i = 0; i < COUNT_OF(versions); i++) {
				for (unsigned j = 0; j < COUNT_OF(versions); j++) {
					int64_t known = versions[i], version = versions[j];
					struct delivery_decision d = delivery_decide_in_sequence(
						(enum delivery_state)s, versions[i],
						(enum event_type)e, versions[j], false);
					enum delivery_verdict verdict = version <= known
										? DELIVERY_TOO_LATE
									: version == known + 1
										? DELIVERY_APPLY
										: DELIVERY_PARK;

					cr_expect_eq(d.verdict, verdict, "cell %u, %u: %d after %d",
						     s, e, versions[j], versions[i]);
					cr_expect(verdict != DELIVERY_APPLY ||
							  d.next == expected[s][e].next,
						  "cell %u, %u", s, e);
					cr_expect_not(d.late, "cell %u, %u", s, e);
				}
			}
		}
	}
}

/* Version 1 is judged by the table; what follows versions that were skipped begins the order. */
Test(delivery, in_sequence_an_order_begins)
{
	for (unsigned e = 0; e < EVENT_TYPE_COUNT; e++) {
		struct delivery_decision d =
			delivery_decide_in_sequence(DELIVERY_NONE, 0, (enum event_type)e, 1, false);

		cr_expect_eq(d.verdict, expected[DELIVERY_NONE][e].verdict, "event %u", e);
		d = delivery_decide_in_sequence(DELIVERY_NONE, 0, (enum event_type)e, 2, false);
		cr_expect_eq(d.verdict, DELIVERY_PARK, "event %u", e);
		d = delivery_decide_in_sequence(DELIVERY_NONE, 4, (enum event_type)e, 4, false);
		cr_expect_eq(d.verdict, DELIVERY_TOO_LATE, "event %u", e);
		d = delivery_decide_in_sequence(DELIVERY_NONE, 4, (enum event_type)e, 5, false);
		cr_expect_eq(d.verdict, DELIVERY_APPLY, "event %u", e);
		expect_text(delivery_status(d.next), event_delivery_statuses[e]);
	}
}

Test(delivery, refusals_are_of_unknown_and_passed)
{
	cr_expect_null(delivery_refusal(DELIVERY_APPLY));
	cr_expect_null(delivery_refusal(DELIVERY_DUPLICATE));
	cr_expect_null(delivery_refusal(DELIVERY_PARK));
	expect_part(delivery_refusal(DELIVERY_UNKNOWN), "unknown order");
	expect_part(delivery_refusal(DELIVERY_TOO_LATE), "skipped");
}

Test(delivery, statuses)
{
	expect_text(delivery_status(DELIVERY_STARTED), "DELIVERY STARTED");
	expect_text(delivery_status(DELIVERY_MODIFIED), "DELIVERY MODIFIED");
	expect_text(delivery_status(DELIVERY_CANCELLED), "DELIVERY CANCELLED");
	for (int s = DELIVERY_STARTED; s < DELIVERY_STATE_COUNT; s++)
		cr_expect_eq((int)delivery_state_of(delivery_status((enum delivery_state)s)), s);
	cr_expect_eq(delivery_state_of(""), DELIVERY_NONE);
	cr_expect_eq(delivery_state_of("ORDER PLACED"), DELIVERY_NONE);
	cr_expect_eq(delivery_state_of("DELIVERY STARTED "), DELIVERY_NONE);
}
