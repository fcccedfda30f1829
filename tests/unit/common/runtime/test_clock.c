/* Times as text, also those that only a foreign producer can have written. */
#include "common/runtime/clock.h"

#include "tests/unit/unit.h"

TestSuite(clock, .init = unit_deadline);

static const char *utc(int64_t wall_ms)
{
	static char text[CLOCK_TEXT_SIZE];

	clock_format_utc(wall_ms, text);
	return text;
}

Test(clock, times_are_text)
{
	expect_text(utc(0), "1970-01-01T00:00:00.000Z");
	expect_text(utc(1767323045678), "2026-01-02T03:04:05.678Z");
	expect_text(utc(253402300799999), "9999-12-31T23:59:59.999Z");
}

Test(clock, what_is_no_time_is_said)
{
	expect_text(utc(253402300800000), "no valid time");
	expect_text(utc(INT64_MAX), "no valid time");
	expect_text(utc(-1), "no valid time");
	expect_text(utc(INT64_MIN), "no valid time");
}
