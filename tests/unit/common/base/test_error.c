/* Errors: the text is set, wrapped and cut, never overrun; the status goes through. */
#include "common/base/error.h"
#include "tests/unit/unit.h"

TestSuite(error, .init = unit_deadline);

/* Not with strlen: the compiler knows that an array holds no longer text. */
static void expect_terminated(const struct error *err)
{
	cr_assert_not_null(memchr(err->msg, '\0', sizeof(err->msg)));
}

Test(error, set_formats_and_returns_the_status)
{
	struct error err;

	cr_expect_eq(error_set(&err, ST_CONFLICT, "order %d is at %s", 7, "version 2"),
		     ST_CONFLICT);
	cr_expect_eq(err.status, ST_CONFLICT);
	expect_text(err.msg, "order 7 is at version 2");
}

Test(error, wrap_says_first_what_was_being_done)
{
	struct error err;

	(void)error_set(&err, ST_UNAVAILABLE, "connection refused");
	cr_expect_eq(error_wrap(&err, "batch of %d", 12), ST_UNAVAILABLE);
	cr_expect_eq(error_wrap(&err, "relay"), ST_UNAVAILABLE);
	expect_text(err.msg, "relay: batch of 12: connection refused");
}

/* 100% is no format of the inner text. */
Test(error, wrap_does_not_interpret_the_inner_text)
{
	struct error err;

	(void)error_set(&err, ST_INTERNAL, "%s", "100%s %n full");
	(void)error_wrap(&err, "disk");
	expect_text(err.msg, "disk: 100%s %n full");
}

Test(error, set_cuts_a_long_text)
{
	struct error err;
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)error_set(&err, ST_INTERNAL, "%s", text);
	expect_terminated(&err);
	cr_expect_eq(strlen(err.msg), sizeof(err.msg) - 1);
}

Test(error, wrap_keeps_a_text_that_fits)
{
	struct error err;
	char text[201], expected[256];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)error_set(&err, ST_INTERNAL, "%s", text);
	(void)error_wrap(&err, "placing");
	(void)snprintf(expected, sizeof(expected), "placing: %s", text);
	expect_text(err.msg, expected);
}

Test(error, wrap_keeps_the_beginnings_of_long_texts)
{
	struct error err;
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)error_set(&err, ST_INTERNAL, "cause %s", text);
	(void)error_wrap(&err, "doing %s", text);
	cr_expect_eq(strncmp(err.msg, "doing xxx", 9), 0, "%s", err.msg);
	expect_part(err.msg, "xxx: cause xxx");
	expect_terminated(&err);
}

Test(error, wrap_many_times_stays_inside)
{
	struct error err;

	(void)error_set(&err, ST_FENCED, "the cause");
	for (int i = 0; i < 100; i++)
		(void)error_wrap(&err, "layer %d", i);
	cr_expect_eq(err.status, ST_FENCED);
	cr_expect_eq(strncmp(err.msg, "layer 99: layer 98: ", 20), 0, "%s", err.msg);
	expect_terminated(&err);
}

Test(error, every_status_has_its_own_name)
{
	for (enum status a = ST_OK; a <= ST_INTERNAL; a++) {
		cr_expect(strcmp(status_name(a), "unknown") != 0, "status %d", (int)a);
		for (enum status b = ST_OK; b < a; b++)
			cr_expect(strcmp(status_name(a), status_name(b)) != 0, "%d and %d", (int)a,
				  (int)b);
	}
	expect_text(status_name(ST_UNAVAILABLE), "unavailable");
}
