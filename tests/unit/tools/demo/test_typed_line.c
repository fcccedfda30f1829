/* What a typed line becomes on the topic. */
#include "tests/unit/unit.h"
#include "tools/demo/typed_line.h"

#define PLACED "{\"eventType\":\"OrderPlaced\",\"id\":7}"

static struct typed_line read_line(const char *text, const char *key, bool raw)
{
	struct typed_line line;
	struct error err = { 0 };

	cr_assert_eq(typed_line_read(&line, text, strlen(text), key, raw, &err), ST_OK, "%s",
		     err.msg);
	return line;
}

static void expect_parts(const struct typed_line *line, const char *key, const char *value)
{
	if (key)
		cr_expect(line->key_len == strlen(key) &&
				  memcmp(line->key, key, line->key_len) == 0,
			  "%.*s", (int)line->key_len, line->key);
	else
		cr_expect_null(line->key);
	cr_expect(line->value_len == strlen(value) &&
			  memcmp(line->value, value, line->value_len) == 0,
		  "%.*s", (int)line->value_len, line->value);
}

Test(typed_line, has_a_key_before_its_first_colon)
{
	struct typed_line line = read_line("7:" PLACED, "", false);

	expect_parts(&line, "7", PLACED);
	expect_text(line.type, "OrderPlaced");
	line = read_line("7:hello: world", "", false);
	expect_parts(&line, "7", "hello: world");
	line = read_line(":hello", "", false);
	expect_parts(&line, "", "hello");
}

Test(typed_line, has_no_key_if_it_is_json_or_has_no_colon)
{
	struct typed_line line = read_line(" " PLACED, "", false);

	expect_parts(&line, NULL, " " PLACED);
	expect_text(line.type, "OrderPlaced");
	line = read_line("hello", "", false);
	expect_parts(&line, NULL, "hello");
	expect_text(line.type, "");
}

Test(typed_line, is_all_value_under_a_given_key_or_raw)
{
	struct typed_line line = read_line("7:hello", "42", false);

	expect_parts(&line, "42", "7:hello");
	line = read_line("7:{no json", "", true);
	expect_parts(&line, NULL, "7:{no json");
}

Test(typed_line, that_begins_like_json_must_be_json)
{
	struct typed_line line;
	struct error err = { 0 };
	const char *text = "7:{\"id\":}";

	cr_expect_eq(typed_line_read(&line, text, strlen(text), "", false, &err), ST_INVALID);
	cr_expect_not_null(strstr(err.msg, "at character "), "%s", err.msg);
}

Test(typed_line, of_an_event_has_the_headers_of_an_event)
{
	struct typed_line line = read_line(PLACED, "", false);
	struct error err = { 0 };
	char none[] = "";

	cr_assert_eq(typed_line_headers(&line, none, &err), ST_OK);
	cr_assert_eq(line.header_count, 3);
	expect_text(line.headers[0].name, "type");
	cr_expect_eq(line.headers[0].len, strlen("OrderPlaced"));
	line = read_line("hello", "", false);
	cr_assert_eq(typed_line_headers(&line, none, &err), ST_OK);
	cr_expect_eq(line.header_count, 0);
}

Test(typed_line, has_the_headers_that_are_given_instead)
{
	struct typed_line line = read_line(PLACED, "", false);
	struct error err = { 0 };
	char given[] = "type=Other;b3=a=b;", bad[] = "type", many[400] = "";

	cr_assert_eq(typed_line_headers(&line, given, &err), ST_OK);
	cr_assert_eq(line.header_count, 2);
	expect_text((const char *)line.headers[0].value, "Other");
	expect_text((const char *)line.headers[1].value, "a=b");
	cr_expect_eq(typed_line_headers(&line, bad, &err), ST_INVALID);
	expect_text(err.msg, "HEADERS: 'type' is not name=value (separate with ;)");
	for (size_t i = 0; i <= TYPED_LINE_HEADERS; i++)
		memcpy(many + 4 * i, "a=b;", 5);
	cr_expect_eq(typed_line_headers(&line, many, &err), ST_INVALID);
}
