/* What a mistyped setting is told. */
#include "tests/unit/unit.h"
#include "tools/preflight/names.h"

TestSuite(preflight_names, .init = unit_deadline);

#define KNOWN "EVENT_KEY PARTITIONS\nPG_PORT ORDER_PORT"

static char text[1024];

static int tell(const char *given)
{
	struct strbuf out = STRBUF_ON(text);

	text[0] = '\0';
	return names_tell_unknown(given, KNOWN, &out);
}

Test(preflight_names, what_is_known_is_silent)
{
	cr_expect_eq(tell(""), 0);
	cr_expect_eq(tell(" PG_PORT  EVENT_KEY"), 0);
	cr_expect_str_eq(text, "");
}

Test(preflight_names, the_nearest_is_proposed)
{
	cr_expect_eq(tell("EVENTKEY event_key PARTITION"), 3);
	cr_expect_str_eq(text, "EVENTKEY is no setting: did you mean EVENT_KEY?\n"
			       "event_key is no setting: did you mean EVENT_KEY?\n"
			       "PARTITION is no setting: did you mean PARTITIONS?\n");
}

Test(preflight_names, what_is_like_nothing_has_no_proposal)
{
	cr_expect_eq(tell("COLOUR"), 1);
	cr_expect_str_eq(text, "COLOUR is no setting: docs/settings.md lists all\n");
}
