/* Headers as text and back: nothing is lost, and what older relays wrote and read stays readable.
 */
#include "common/outbox/outbox_headers.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

TestSuite(outbox_headers, .init = unit_deadline);

#define HEADER(name, value)                                                                        \
	{                                                                                          \
		name, value, sizeof(value) - 1                                                     \
	}
#define NULL_HEADER(name)                                                                          \
	{                                                                                          \
		name, NULL, 0                                                                      \
	}
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void expect_same(const struct message_header *a, const struct message_header *b)
{
	cr_expect_str_eq(a->name, b->name);
	cr_expect_eq(!a->value, !b->value, "%s", a->name);
	cr_assert_eq(a->len, b->len, "%s", a->name);
	if (a->value && b->value)
		cr_expect_arr_eq(a->value, b->value, a->len, "%s", a->name);
}

static void expect_there_and_back(const struct message_header *list, size_t count)
{
	char *text = outbox_headers_encode(list, count);
	size_t again_count = 0;
	struct message_header *again;

	cr_assert_not_null(text);
	again = outbox_headers_decode(text, &again_count);
	cr_assert_eq(again_count, count, "%s", text);
	for (size_t i = 0; i < count; i++)
		expect_same(&again[i], &list[i]);
	free(again);
	free(text);
}

static void expect_encoded(const struct message_header *list, size_t count, const char *expected)
{
	char *text = outbox_headers_encode(list, count);

	cr_expect_str_eq(text, expected);
	free(text);
}

Test(outbox_headers, plain_ones_are_an_object_that_older_relays_read)
{
	const struct message_header list[] = { HEADER("type", "OrderPlaced"),
					       HEADER("", "\xc3\xa9"), HEADER("empty", "") };

	expect_encoded(list, COUNT(list),
		       "{\"type\":\"OrderPlaced\",\"\":\"\xc3\xa9\",\"empty\":\"\"}");
	expect_there_and_back(list, COUNT(list));
	expect_encoded(NULL, 0, "{}");
	expect_there_and_back(NULL, 0);
}

Test(outbox_headers, names_that_come_again_stay_in_their_order)
{
	const struct message_header list[] = { HEADER("a", "1"), HEADER("b", "2"),
					       HEADER("a", "3") };

	expect_encoded(list, COUNT(list), "[[\"a\",\"1\"],[\"b\",\"2\"],[\"a\",\"3\"]]");
	expect_there_and_back(list, COUNT(list));
}

Test(outbox_headers, null_values_and_bytes_that_are_no_text)
{
	const struct message_header list[] = { NULL_HEADER("none"), HEADER("binary", "\xff\0\x01z"),
					       HEADER("nul", "a\0b"), HEADER("\xfename", "x"),
					       HEADER("hex", "{\"hex\":\"00\"}") };

	expect_encoded(list, 2, "[[\"none\",null],[\"binary\",{\"hex\":\"ff00017a\"}]]");
	expect_there_and_back(list, COUNT(list));
}

static size_t decoded(const char *text)
{
	size_t count = 99;

	free(outbox_headers_decode(text, &count));
	return count;
}

Test(outbox_headers, what_is_no_header_is_left_out)
{
	cr_expect_eq(decoded(""), 0);
	cr_expect_eq(decoded("not JSON"), 0);
	cr_expect_eq(decoded("17"), 0);
	cr_expect_eq(
		decoded("[1, \"a\", [], [2, \"x\"], [[\"a\"], \"x\"], [{\"hex\":\"0\"}, \"\"]]"),
		0);
	cr_expect_eq(decoded("[[\"a\", \"x\"], null, [\"b\"]]"), 2);
	cr_expect_eq(decoded("{\"a\": 1, \"b\": \"x\"}"), 2, "a null value, as older relays say");
}

Test(outbox_headers, hexadecimal_that_is_none_is_a_null_value)
{
	size_t count = 0;
	struct message_header *list = outbox_headers_decode(
		"[[\"a\", {\"hex\": \"zz\"}], [\"b\", {\"hex\": \"\"}]]", &count);

	cr_assert_eq(count, 2);
	cr_expect_null(list[0].value);
	cr_expect_not_null(list[1].value);
	cr_expect_eq(list[1].len, 0);
	free(list);
}
