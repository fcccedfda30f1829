/* A record is one line that can be parsed, whatever is in its values. */
#include <unistd.h>

#include "common/runtime/log.h"
#include "tests/unit/unit.h"

TestSuite(log, .init = unit_deadline);

/* stderr becomes a pipe; returns the end to read. */
static int piped(void)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_geq(dup2(ends[1], STDERR_FILENO), 0);
	(void)close(ends[1]);
	return ends[0];
}

static const char *line_of(int fd)
{
	static char line[8192];
	ssize_t len = read(fd, line, sizeof(line) - 1);

	cr_assert_gt(len, 0);
	line[len] = '\0';
	return line;
}

Test(log, what_moves_a_cursor_or_is_no_text_is_escaped)
{
	static const struct {
		const char *text, *quoted;
	} cases[] = {
		{ "plain", "\"plain\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "one\ntwo\r", "\"one\\ntwo\\x0d\"" },
		{ "\x1b[2J\x7f", "\"\\x1b[2J\\x7f\"" },
		{ "서울 é", "\"서울 é\"" },
		{ "\xc2\x9b"
		  "2J",
		  "\"\\xc2\\x9b2J\"" },                    /* U+009B is ESC [ */
		{ "\xc2\xa0", "\"\xc2\xa0\"" },            /* the first one behind them */
		{ "\x9b 2J", "\"\\x9b 2J\"" },             /* a byte that is no UTF-8 */
		{ "\xc0\xaf", "\"\\xc0\\xaf\"" },          /* too long for what it is */
		{ "\xed\xa0\x80", "\"\\xed\\xa0\\x80\"" }, /* half of a pair */
		{ "\xe2\x80", "\"\\xe2\\x80\"" },          /* its end is missing */
		{ "\xe2\x80\xa8", "\"\\xe2\\x80\\xa8\"" }, /* U+2028, a line's end to some */
		{ "\xe2\x80\xae", "\"\\xe2\\x80\\xae\"" }, /* U+202E, turns the text around */
		{ "\xe2\x81\xa6", "\"\\xe2\\x81\\xa6\"" }, /* U+2066, likewise */
		{ "\xe2\x80\x9c", "\"\xe2\x80\x9c\"" },    /* a quotation mark */
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		expect_text(LOG_QUOTE(cases[i].text), cases[i].quoted);
}

Test(log, a_value_is_cut_between_two_characters)
{
	char text[1000];
	struct log_quoted quoted;
	size_t len;

	for (size_t i = 0; i + 2 < sizeof(text); i += 3)
		memcpy(text + i, "\xec\x84\x9c", 3);
	quoted = log_quote(text, sizeof(text) - 1);
	len = strlen(quoted.text);
	cr_expect_eq(quoted.text[len - 1], '"');
	cr_expect_eq((len - 2) % 3, 0, "%zu bytes", len);
	cr_expect_gt(len, 300);
}

Test(log, a_record_that_is_cut_still_ends_its_quote_and_its_line)
{
	int fd = piped();
	char long_text[5000];
	const char *line;
	size_t len;

	for (int shift = 0; shift < 4; shift++) {
		memset(long_text, '\\', sizeof(long_text));
		memset(long_text, 'x', (size_t)shift);
		long_text[sizeof(long_text) - 1] = '\0';
		log_warn("test", "long", "text=\"%s", long_text);
		line = line_of(fd);
		len = strlen(line);
		cr_expect_eq(line[len - 1], '\n');
		cr_expect_eq(line[len - 2], '"');
		line = strstr(line, "text=\"") + shift + 6;
		cr_expect_eq((strlen(line) - 2) % 2, 0, "the last backslash has its other half");
	}
}

Test(log, once_started_records_come_in_their_order)
{
	int fd = piped();
	const char *line;

	log_start();
	log_info("test", "first", "n=%d", 1);
	log_debug("test", "not wanted", "");
	log_info("test", "second", "");
	log_stop();
	line = line_of(fd);
	expect_part(line, "Z INFO test msg=\"first\" n=1\n");
	cr_expect_not(strstr(line, "not wanted"));
	expect_part(strchr(line, '\n'), " INFO test msg=\"second\"\n");
	cr_expect_eq(log_lines_dropped(), 0);
}
