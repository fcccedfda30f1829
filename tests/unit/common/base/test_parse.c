/* Outside text as numbers and as UTF-8: every edge of the grammar and of the range. */
#include "common/base/parse.h"
#include "common/base/utf8.h"
#include "tests/unit/unit.h"

TestSuite(parse, .init = unit_deadline);

/* The parser sees exactly len bytes, with nothing after them. */
static bool parses(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
	char *copy = exact_copy(text, len);
	bool good = parse_i64(copy, len, min, max, out);

	free(copy);
	return good;
}

Test(parse, integers)
{
	static const struct {
		const char *text;
		int64_t value;
	} cases[] = {
		{ "0", 0 },
		{ "-0", 0 },
		{ "7", 7 },
		{ "-1", -1 },
		{ "007", 7 },
		{ "2147483648", 2147483648 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775807", -INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
		{ "00000000000000000000000000000000001", 1 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t value = 99;

		cr_expect(parses(cases[i].text, strlen(cases[i].text), INT64_MIN, INT64_MAX,
				 &value),
			  "%s", cases[i].text);
		cr_expect_eq(value, cases[i].value, "%s", cases[i].text);
	}
}

Test(parse, no_integers)
{
	static const char *const cases[] = {
		"",
		"-",
		"--1",
		"+1",
		" 1",
		"1 ",
		"1e3",
		"1.0",
		"0x10",
		"1,000",
		"1_000",
		"abc",
		"1a",
		"a1",
		"1-",
		"\n1",
		"1\n",
		"/",
		":",
		"-:",
		"1/2",
		"\xd9\xa3" /* Arabic 3 */,
		"9223372036854775808",
		"-9223372036854775809",
		"18446744073709551616",
		"18446744073709551617",
		"92233720368547758070",
		"99999999999999999999999999999999999999",
		"-99999999999999999999999999999999999999",
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t value = 99;

		cr_expect_not(parses(cases[i], strlen(cases[i]), INT64_MIN, INT64_MAX, &value),
			      "\"%s\" is %lld", cases[i], (long long)value);
		cr_expect_eq(value, 99, "\"%s\" wrote its output", cases[i]);
	}
}

Test(parse, integer_ends_where_its_length_says)
{
	int64_t value = 0;

	cr_expect(parse_i64("12345", 2, 0, 100, &value));
	cr_expect_eq(value, 12);
	cr_expect_not(parses("1\0", 2, 0, 100, &value));
	cr_expect_not(parses("\0", 1, 0, 100, &value));
}

Test(parse, integer_range_is_inclusive)
{
	static const struct {
		const char *text;
		int64_t min, max;
		bool good;
	} cases[] = {
		{ "1", 1, 100, true },
		{ "100", 1, 100, true },
		{ "0", 1, 100, false },
		{ "101", 1, 100, false },
		{ "-1", 1, 100, false },
		{ "-5", -5, -5, true },
		{ "-4", -5, -5, false },
		{ "-6", -5, -5, false },
		{ "5", INT64_MIN, 4, false },
		{ "5", 6, INT64_MAX, false },
		{ "9223372036854775807", 0, INT64_MAX - 1, false },
		{ "-9223372036854775808", INT64_MIN + 1, 0, false },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t value = 99;
		bool good = parses(cases[i].text, strlen(cases[i].text), cases[i].min, cases[i].max,
				   &value);

		cr_expect_eq(good, cases[i].good, "%s in [%lld, %lld]", cases[i].text,
			     (long long)cases[i].min, (long long)cases[i].max);
		cr_expect(good || value == 99, "%s wrote its output", cases[i].text);
	}
}

static bool is_utf8(const char *text, size_t len, size_t *chars)
{
	char *copy = exact_copy(text, len);
	bool good = utf8_count(copy, len, chars);

	free(copy);
	return good;
}

Test(parse, utf8_counts_code_points)
{
	static const struct {
		const char *text;
		size_t chars;
	} cases[] = {
		{ "", 0 },
		{ "PUSAN", 5 },
		{ "caf\xc3\xa9", 4 },
		{ "\xeb\xb6\x80\xec\x82\xb0", 2 }, /* Busan in Hangul */
		{ "\xf0\x9f\x98\x80", 1 },         /* an emoji */
		{ "e\xcc\x81", 2 },                /* e and a combining accent */
		{ "\x01\x7f", 2 },
		{ "a\xc2\x80"
		  "b\xe0\xa0\x80"
		  "c\xf0\x90\x80\x80"
		  "d",
		  7 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t chars = 99;

		cr_expect(is_utf8(cases[i].text, strlen(cases[i].text), &chars), "case %zu", i);
		cr_expect_eq(chars, cases[i].chars, "case %zu: %zu", i, chars);
	}
}

static size_t put_code_point(uint32_t c, unsigned char out[4])
{
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char leads[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		out[i] = (unsigned char)(0x80 | (c & 0x3f));
	out[0] = (unsigned char)(leads[len] | c);
	return len;
}

/* Each code point there is, and each that is none: NUL, the surrogates, those beyond 10FFFF. */
Test(parse, utf8_every_code_point)
{
	for (uint32_t c = 0; c < 0x200000; c++) {
		bool expected = c != 0 && (c < 0xd800 || c > 0xdfff) && c <= 0x10ffff;
		unsigned char text[4];
		size_t len = put_code_point(c, text), chars = 0;
		bool good = utf8_count((const char *)text, len, &chars);

		cr_assert_eq(good, expected, "U+%X", c);
		cr_assert(!good || chars == 1, "U+%X counts %zu", c, chars);
	}
}

/* Of all two- and three-byte texts that start like one character, as many are one as there are. */
Test(parse, utf8_nothing_else_passes)
{
	size_t two = 0, three = 0, chars;

	for (unsigned i = 0xc0u << 8; i <= 0xffff; i++) {
		char text[2] = { (char)(i >> 8), (char)i };

		two += utf8_count(text, 2, &chars);
	}
	for (unsigned i = 0xe0u << 16; i <= 0xffffff; i++) {
		char text[3] = { (char)(i >> 16), (char)(i >> 8), (char)i };

		three += utf8_count(text, 3, &chars);
	}
	cr_expect_eq(two, 0x800 - 0x80, "%zu", two);
	cr_expect_eq(three, 0x10000 - 0x800 - 0x800, "%zu", three);
}

Test(parse, utf8_malformed)
{
	static const struct {
		const char *what, *text;
		size_t len;
	} cases[] = {
		{ "NUL", "\0", 1 },
		{ "NUL inside", "a\0b", 3 },
		{ "overlong NUL", "\xc0\x80", 2 },
		{ "overlong slash", "\xc0\xaf", 2 },
		{ "overlong U+7F", "\xc1\xbf", 2 },
		{ "overlong slash in 3", "\xe0\x80\xaf", 3 },
		{ "overlong U+7FF in 3", "\xe0\x9f\xbf", 3 },
		{ "overlong slash in 4", "\xf0\x80\x80\xaf", 4 },
		{ "overlong U+FFFF in 4", "\xf0\x8f\xbf\xbf", 4 },
		{ "first surrogate", "\xed\xa0\x80", 3 },
		{ "last surrogate", "\xed\xbf\xbf", 3 },
		{ "surrogate pair", "\xed\xa0\xbd\xed\xb8\x80", 6 },
		{ "U+110000", "\xf4\x90\x80\x80", 4 },
		{ "lead F5", "\xf5\x80\x80\x80", 4 },
		{ "lead F8, five bytes", "\xf8\x88\x80\x80\x80", 5 },
		{ "FE", "\xfe", 1 },
		{ "FF", "\xff", 1 },
		{ "lone continuation", "\x80", 1 },
		{ "continuation after ASCII", "a\xbf", 2 },
		{ "truncated 2", "\xc3", 1 },
		{ "truncated 3 after 1", "\xe2", 1 },
		{ "truncated 3 after 2", "\xe2\x82", 2 },
		{ "truncated 4 after 3", "ok\xf0\x9f\x98", 5 },
		{ "second is ASCII", "\xc3(", 2 },
		{ "third is ASCII", "\xe2\x82(", 3 },
		{ "fourth is ASCII", "\xf0\x9f\x98(", 4 },
		{ "fourth is a lead", "\xf0\x9f\x98\xc3", 4 },
		{ "Latin-1", "caf\xe9", 4 },
		{ "Latin-1 inside", "caf\xe9 bar", 8 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t chars = 99;

		cr_expect_not(is_utf8(cases[i].text, cases[i].len, &chars), "%s", cases[i].what);
		cr_expect_eq(chars, 99, "%s wrote its output", cases[i].what);
	}
}

Test(parse, utf8_cut_between_characters)
{
	static const struct {
		const char *text;
		size_t max, len;
	} cases[] = {
		{ "", 0, 0 },
		{ "", 5, 0 },
		{ "abc", 0, 0 },
		{ "abc", 2, 2 },
		{ "abc", 3, 3 },
		{ "abc", 100, 3 },
		{ "\xe2\x82\xacuro", 0, 0 },
		{ "\xe2\x82\xacuro", 1, 0 },
		{ "\xe2\x82\xacuro", 2, 0 },
		{ "\xe2\x82\xacuro", 3, 3 },
		{ "\xe2\x82\xacuro", 4, 4 },
		{ "\xe2\x82\xac", 3, 3 },
		{ "a\xc3\xa9", 1, 1 },
		{ "a\xc3\xa9", 2, 1 },
		{ "a\xc3\xa9", 3, 3 },
		{ "ab\xf0\x9f\x98\x80", 5, 2 },
		{ "ab\xf0\x9f\x98\x80", 6, 6 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *copy = exact_copy(cases[i].text, strlen(cases[i].text) + 1);
		size_t len = utf8_cut(copy, cases[i].max);

		cr_expect_eq(len, cases[i].len, "\"%s\" at %zu: %zu", cases[i].text, cases[i].max,
			     len);
		free(copy);
	}
}
