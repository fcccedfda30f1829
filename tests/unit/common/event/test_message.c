/* The text of a message's header. */
#include "common/event/message.h"

#include <string.h>

#include "tests/unit/unit.h"

TestSuite(message, .init = unit_deadline);

#define HEADER(name, value)                                                                        \
	{                                                                                          \
		name, value, sizeof(value) - 1                                                     \
	}

static const char *text_of(const struct message_header *headers, size_t count, const char *name)
{
	static char copy[32];
	const struct message m = { .headers = headers, .header_count = count };
	const char *text;
	size_t len;

	if (!message_header_text(&m, name, &text, &len))
		return NULL;
	cr_assert_lt(len, sizeof(copy));
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

Test(message, a_header_is_found_by_its_name)
{
	const struct message_header headers[] = { HEADER("a", "1"), HEADER("type", "OrderPlaced") };

	cr_expect_str_eq(text_of(headers, 2, "type"), "OrderPlaced");
	cr_expect_null(text_of(headers, 2, "Type"));
	cr_expect_null(text_of(NULL, 0, "type"));
}

Test(message, the_last_of_a_name_counts)
{
	const struct message_header headers[] = { HEADER("type", "old"), HEADER("type", "new") };

	cr_expect_str_eq(text_of(headers, 2, "type"), "new");
}

/* As Spring writes them. */
Test(message, json_quotes_are_no_part_of_it)
{
	const struct message_header quoted[] = { HEADER("type", "\"OrderPlaced\"") };
	const struct message_header one[] = { HEADER("type", "\"") };
	const struct message_header open[] = { HEADER("type", "\"x") };
	const struct message_header empty[] = { HEADER("type", "\"\"") };

	cr_expect_str_eq(text_of(quoted, 1, "type"), "OrderPlaced");
	cr_expect_str_eq(text_of(one, 1, "type"), "\"");
	cr_expect_str_eq(text_of(open, 1, "type"), "\"x");
	cr_expect_str_eq(text_of(empty, 1, "type"), "");
}

Test(message, a_null_value_is_no_text)
{
	const struct message_header headers[] = { HEADER("type", "old"), { "type", NULL, 0 } };

	cr_expect_null(text_of(headers, 2, "type"));
}
