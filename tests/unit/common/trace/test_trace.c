/* traceparent and tracestate, with the cases of the W3C's own test suite (test/test.py of
 * github.com/w3c/trace-context). */
#include "common/trace/trace.h"

#include "tests/unit/unit.h"

TestSuite(trace, .init = unit_deadline);

#define ID     "12345678901234567890123456789012"
#define SPAN   "1234567890123456"
#define PARENT "00-" ID "-" SPAN "-01"

static bool reads(const char *text)
{
	struct trace_parent parent;
	char *copy = exact_copy(text, strlen(text));
	bool good = trace_parent_read(copy, strlen(text), &parent);

	free(copy);
	return good;
}

/* What is read and written again; "": nothing was read. */
static const char *again(const char *text)
{
	static char written[TRACE_PARENT_SIZE];
	struct trace_parent parent;

	written[0] = '\0';
	if (trace_parent_read(text, strlen(text), &parent))
		trace_parent_write(&parent, written);
	return written;
}

Test(trace, a_parent_is_written_as_it_was_read)
{
	expect_text(again(PARENT), PARENT);
	expect_text(again("00-" ID "-" SPAN "-00"), "00-" ID "-" SPAN "-00");
	expect_text(again("00-" ID "-" SPAN "-03"), "00-" ID "-" SPAN "-03");
}

Test(trace, flags_that_nobody_knows_are_cleared)
{
	expect_text(again("00-" ID "-" SPAN "-ff"), "00-" ID "-" SPAN "-03");
	expect_text(again("00-" ID "-" SPAN "-fc"), "00-" ID "-" SPAN "-00");
}

Test(trace, a_later_version_may_have_more_behind_a_dash)
{
	expect_text(again("cc-" ID "-" SPAN "-01"), PARENT);
	expect_text(again("cc-" ID "-" SPAN "-01-what-the-future-will-be-like"), PARENT);
	cr_expect_not(reads("cc-" ID "-" SPAN "-01.what-the-future-will-be-like"));
}

Test(trace, what_is_no_parent_is_not_read)
{
	static const char *const bad[] = {
		"",
		"00",
		"00-" ID "-" SPAN "-01.",
		"00-" ID "-" SPAN "-01-what-the-future-will-be-like",
		"ff-" ID "-" SPAN "-01",
		".0-" ID "-" SPAN "-01",
		"0.-" ID "-" SPAN "-01",
		"000-" ID "-" SPAN "-01",
		"0000-" ID "-" SPAN "-01",
		"0-" ID "-" SPAN "-01",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-.2345678901234567890123456789012-" SPAN "-01",
		"00-1234567890123456789012345678901.-" SPAN "-01",
		"00-" ID "3-" SPAN "-01",
		"00-1234567890123456789012345678901-" SPAN "-01",
		"00-" ID "-0000000000000000-01",
		"00-" ID "-.234567890123456-01",
		"00-" ID "-123456789012345.-01",
		"00-" ID "-" SPAN "7-01",
		"00-" ID "-123456789012345-01",
		"00-" ID "-" SPAN "-.0",
		"00-" ID "-" SPAN "-0.",
		"00-" ID "-" SPAN "-001",
		"00-" ID "-" SPAN "-1",
		"00_" ID "_" SPAN "_01",
		"00-ABCDEF78901234567890123456789012-" SPAN "-01",
		/* Two fields, as HTTP joins them. */
		PARENT ", " PARENT,
		"cc-" ID "-" SPAN "-01, " PARENT,
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		cr_expect_not(reads(bad[i]), "%s", bad[i]);
}

/* --- tracestate ---------------------------------------------------------------------------- */

static const char *state_of(const char *text)
{
	static char state[TRACE_STATE_MAX + 1];
	char *copy = exact_copy(text, strlen(text));

	cr_expect_eq(trace_state_read(copy, strlen(text), state), state[0] != '\0', "%s", text);
	free(copy);
	return state;
}

/* count of c, in turn one of a few buffers. */
static const char *many(char c, size_t count)
{
	static char buffers[4][600];
	static int turn;
	char *text = buffers[turn++ % 4];

	memset(text, c, count);
	text[count] = '\0';
	return text;
}

static const char *joined(const char *a, const char *b, const char *c)
{
	static char text[2048];

	(void)snprintf(text, sizeof(text), "%s%s%s", a, b, c);
	return text;
}

Test(trace, a_state_loses_its_blanks_and_empty_members)
{
	expect_text(state_of("foo=1,bar=2"), "foo=1,bar=2");
	expect_text(state_of("foo=1 \t , \t bar=2, \t baz=3"), "foo=1,bar=2,baz=3");
	expect_text(state_of(" \tfoo=1\t "), "foo=1");
	expect_text(state_of("foo=1,,, ,bar=2,"), "foo=1,bar=2");
	expect_text(state_of("foo=1, "), "foo=1");
	expect_text(state_of(", foo=1"), "foo=1");
	expect_text(state_of(""), "");
	expect_text(state_of(" ,, "), "");
}

Test(trace, keys_and_values_may_have_what_the_recommendation_allows)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/="
				  " !\"#$%&'()*+-./0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]"
				  "^_`abcdefghijklmnopqrstuvwxyz{|}~";

	expect_text(state_of(all), all);
	expect_text(state_of("foo@=1,bar=2"), "foo@=1,bar=2");
	expect_text(state_of("foo@@bar=1,bar=2"), "foo@@bar=1,bar=2");
	expect_text(state_of("foo@bar@baz=1,bar=2"), "foo@bar@baz=1,bar=2");
	expect_text(state_of("0=1"), "0=1");
	expect_text(state_of("foo=1,foo=2"), "foo=1,foo=2");
}

Test(trace, one_bad_member_voids_the_list)
{
	static const char *const bad[] = {
		"foo =1",       "FOO=1",        "foo.bar=1", "@foo=1,bar=2",
		"foo=bar=baz",  "foo",          "=1",        "foo=",
		"foo=\x7f",     "foo=\xc3\xa4", "foo=\n",    "foo=1,bar\t=2",
		"_foo=1,bar=2",
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		expect_text(state_of(bad[i]), "");
}

Test(trace, keys_and_values_have_256_characters_at_most)
{
	char text[600];

	(void)snprintf(text, sizeof(text), "foo=1,%s=1", many('z', 256));
	expect_text(state_of(text), text);
	expect_text(state_of(joined("foo=1,", many('z', 257), "=1")), "");
	(void)snprintf(text, sizeof(text), "foo=1,a=%s", many('z', 256));
	expect_text(state_of(text), text);
	expect_text(state_of(joined("foo=1,a=", many('z', 257), "")), "");
}

Test(trace, a_list_has_32_members_at_most)
{
	char text[600] = "";
	size_t len = 0;

	for (int i = 1; i <= 32; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%sbar%02d=%02d",
					i > 1 ? "," : "", i, i);
	expect_text(state_of(text), text);
	expect_text(state_of(joined(text, ",", "bar33=33")), "");
}

Test(trace, what_is_too_long_loses_long_members_then_the_last_ones)
{
	char text[2048], expected[1024];

	(void)snprintf(text, sizeof(text), "a=1,b=%s,c=%s,d=2", many('x', 250), many('y', 249));
	cr_assert_eq(strlen(text), 512);
	expect_text(state_of(text), text);
	(void)snprintf(text, sizeof(text), "a=1,b=%s,c=%s,d=2", many('x', 250), many('y', 250));
	(void)snprintf(expected, sizeof(expected), "a=1,b=%s,d=2", many('x', 250));
	expect_text(state_of(text), expected);
	/* Four members of 122 characters and the commas are 491. */
	(void)snprintf(text, sizeof(text), "a=%s,b=%s,c=%s,d=%s,e=5,f=%s", many('1', 120),
		       many('2', 120), many('3', 120), many('4', 120), "12345678901234567890");
	expect_part(state_of(text), ",e=5");
	cr_expect_leq(strlen(state_of(text)), TRACE_STATE_MAX);
}

/* --- traces -------------------------------------------------------------------------------- */

Test(trace, without_a_parent_the_state_means_nothing)
{
	cr_expect_null(trace_read("", 0, "foo=1", 5));
}

Test(trace, a_state_that_is_none_does_not_touch_the_parent)
{
	struct trace *trace = trace_read(PARENT, strlen(PARENT), "FOO=1", 5);

	cr_assert_not_null(trace);
	expect_text(trace->state, "");
	cr_expect_not(trace->recorded);
	cr_expect_arr_eq(trace->caller, trace->at.span, TRACE_SPAN_BYTES);
	free(trace);
}

Test(trace, a_log_line_has_the_trace_if_there_is_one)
{
	struct trace *trace = trace_read(PARENT, strlen(PARENT), NULL, 0);

	expect_text(TRACE_FIELD(trace), " trace_id=" ID);
	expect_text(TRACE_FIELD(NULL), "");
	free(trace);
}
