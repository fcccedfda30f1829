#include "tests/bench/measured.h"
#include "tests/unit/unit.h"

TestSuite(measured, .init = unit_deadline);

static struct measured m;

static void add(const char *subject, const char *figure, double value, bool reference)
{
	struct measured_value v = { .value = value, .reference = reference };

	(void)snprintf(v.subject, sizeof(v.subject), "%s", subject);
	(void)snprintf(v.figure, sizeof(v.figure), "%s", figure);
	cr_assert(measured_add(&m, &v));
}

static double unsteadiest(void)
{
	double spread;

	(void)measured_unsteadiest(&m, &spread);
	return spread;
}

Test(measured, a_spread_is_the_range_over_the_median_of_one_reference)
{
	add("50", "pgbench", 110, true);
	add("500", "pgbench", 40, true);
	add("50", "pgbench", 100, true);
	cr_expect_float_eq(unsteadiest(), 10.0 / 105, 1e-9);
	add("50", "pgbench", 80, true);
	cr_expect_float_eq(unsteadiest(), 0.3, 1e-9);
}

Test(measured, names_the_reference_that_moved_most)
{
	double spread;

	add("-", "bare", 100, true);
	add("-", "bare", 110, true);
	add("-", "before", 10, true);
	add("-", "before", 20, true);
	expect_text(measured_unsteadiest(&m, &spread)->figure, "before");
}

Test(measured, what_is_no_reference_may_move)
{
	double spread;

	add("-", "rate", 1, false);
	add("-", "rate", 100, false);
	add("-", "bare", 7, true);
	cr_expect_null(measured_unsteadiest(&m, &spread));
	cr_expect_eq(spread, 0);
}

Test(measured, nothing_is_added_beyond_its_room)
{
	struct measured_value v = { .value = 1 };

	for (int i = 0; i < MEASURED_MAX; i++)
		cr_assert(measured_add(&m, &v));
	cr_expect(!measured_add(&m, &v));
}
