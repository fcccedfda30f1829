/* What is written is what jansson writes, byte for byte, whatever the texts hold. */
#include "common/base/json_writer.h"

#include <jansson.h>

#include "common/base/strbuf.h"
#include "tests/unit/unit.h"

TestSuite(json_writer, .init = unit_deadline);

static void expect_written(struct json_writer *w, const char *expected)
{
	char *text = json_writer_take(w);

	cr_assert_not_null(text);
	expect_text(text, expected);
	free(text);
}

Test(json_writer, objects_and_arrays_in_each_other)
{
	struct json_writer w;

	json_writer_init(&w, 0);
	json_writer_object(&w, NULL);
	json_writer_array(&w, "none");
	json_writer_array_end(&w);
	json_writer_array(&w, "some");
	json_writer_number(&w, NULL, 1);
	json_writer_object(&w, NULL);
	json_writer_object_end(&w);
	json_writer_text(&w, NULL, "a");
	json_writer_array_end(&w);
	json_writer_text(&w, "b", "");
	json_writer_object_end(&w);
	expect_written(&w, "{\"none\":[],\"some\":[1,{},\"a\"],\"b\":\"\"}");
}

Test(json_writer, numbers_to_their_ends)
{
	struct json_writer w;

	json_writer_init(&w, 0);
	json_writer_array(&w, NULL);
	json_writer_number(&w, NULL, 0);
	json_writer_number(&w, NULL, -1);
	json_writer_number(&w, NULL, 10);
	json_writer_number(&w, NULL, INT64_MAX);
	json_writer_number(&w, NULL, INT64_MIN);
	json_writer_array_end(&w);
	expect_written(&w, "[0,-1,10,9223372036854775807,-9223372036854775808]");
}

static char *written(const char *text)
{
	struct json_writer w;

	json_writer_init(&w, 1);
	json_writer_object(&w, NULL);
	json_writer_text(&w, "t", text);
	json_writer_object_end(&w);
	return json_writer_take(&w);
}

/* NULL, too, for what is not UTF-8. */
static char *written_by_jansson(const char *text)
{
	json_t *root = json_pack("{s:s}", "t", text);
	char *dump = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	return dump;
}

static void expect_as_jansson(const char *text)
{
	char *ours = written(text), *theirs = written_by_jansson(text);

	if (!theirs)
		cr_expect_null(ours, "%s", ours);
	else
		expect_text(ours, theirs);
	free(ours);
	free(theirs);
}

Test(json_writer, every_byte_is_written_as_jansson_does)
{
	for (int c = 1; c < 256; c++) {
		const char text[] = { 'a', (char)c, 'b', '\0' };

		expect_as_jansson(text);
	}
}

Test(json_writer, any_text_is_written_as_jansson_does)
{
	static const char *const pieces[] = {
		"RADIO",    "\"",           "\\",           "/",    "\n",   "\x01", "\x7f",
		"\xc2\x80", "\xef\xbf\xbf", "\xed\x95\x9c", "\xf4", "\x8f", "\xbf", "\xc0",
		"\xed\xa0", "\xe2\x80\xa8",
	};
	uint64_t seed = 1;

	for (int i = 0; i < 20000; i++) {
		char text[256];
		struct strbuf sb = STRBUF_ON(text);

		text[0] = '\0';
		for (unsigned n = random_below(&seed, 8); n > 0; n--)
			strbuf_puts(&sb, pieces[random_below(&seed, COUNT_OF(pieces))]);
		expect_as_jansson(text);
	}
}

/* The buffer grows within a text of nothing but escapes, too. */
Test(json_writer, a_long_text_of_escapes)
{
	char text[5001];

	memset(text, '\x02', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	expect_as_jansson(text);
}

Test(json_writer, a_failure_stays)
{
	struct json_writer w;

	json_writer_init(&w, 0);
	json_writer_array(&w, NULL);
	json_writer_text(&w, NULL, "\xff");
	json_writer_text(&w, NULL, "good");
	json_writer_array_end(&w);
	cr_expect_null(json_writer_take(&w));
}
