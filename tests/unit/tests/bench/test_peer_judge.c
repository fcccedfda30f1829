#include "tests/bench/peer_judge.h"
#include "tests/unit/unit.h"

TestSuite(peer_judge, .init = unit_deadline);

Test(peer_judge, an_application_again_counts_once)
{
	struct peer_event applied[] = { { 1, 1, 10 }, { 1, 2, 20 }, { 1, 1, 30 }, { 2, 1, 5 } };
	struct peer_verdict v = peer_judge(applied, 4, NULL, 0);

	cr_expect_eq(v.applied, 3);
	cr_expect_eq(v.twice, 1);
	cr_expect_eq(v.out_of_order, 0);
	cr_expect_eq(v.last_us, 30);
}

Test(peer_judge, an_event_behind_a_later_one_of_its_order_is_out_of_order)
{
	struct peer_event applied[] = {
		{ 1, 1, 10 }, { 1, 3, 20 }, { 1, 2, 30 }, { 2, 2, 40 }, { 2, 3, 50 }, { 2, 1, 60 },
	};

	cr_expect_eq(peer_judge(applied, 6, NULL, 0).out_of_order, 2);
}

Test(peer_judge, other_orders_do_not_matter)
{
	struct peer_event applied[] = { { 2, 9, 10 }, { 1, 1, 20 }, { 3, 1, 5 }, { 1, 2, 21 } };

	cr_expect_eq(peer_judge(applied, 4, NULL, 0).out_of_order, 0);
}

Test(peer_judge, a_latency_is_from_the_time_that_an_event_was_due)
{
	struct peer_event applied[] = { { 2, 1, 9000 }, { 1, 2, 7000 }, { 1, 1, 4000 } };
	struct peer_event due[] = { { 1, 1, 1000 }, { 1, 2, 2000 }, { 2, 1, 3000 } };
	struct peer_verdict v = peer_judge(applied, 3, due, 3);

	cr_expect_float_eq(v.p50_ms, 5, 1e-9);
	cr_expect_float_eq(v.p99_ms, 5, 1e-9);
}

Test(peer_judge, nothing_applied_is_no_latency)
{
	struct peer_event due[] = { { 1, 1, 1000 } };
	struct peer_verdict v = peer_judge(NULL, 0, due, 1);

	cr_expect_eq(v.applied, 0);
	cr_expect_eq(v.p99_ms, 0);
}
