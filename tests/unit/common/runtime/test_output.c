/* A line never waits for its reader; what is missing is one hole, counted and told where it is. */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "common/runtime/output.h"
#include "tests/unit/unit.h"

TestSuite(output, .init = unit_deadline);

enum { TEXT_MAX = 4 << 20, STOP_MS = 15000, NOT_LONG_MS = 50 };

/* stdout becomes the writing end of a pipe; returns the reading one. */
static int piped(void)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_geq(dup2(ends[1], STDOUT_FILENO), 0);
	(void)close(ends[1]);
	return ends[0];
}

static bool put_number(int64_t n)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "%" PRId64 "\n", n);

	return output_line(OUTPUT_STDOUT, line, (size_t)len);
}

/* Puts numbers until one is dropped; returns that one. */
static int64_t fill(void)
{
	int64_t n = 0;

	while (put_number(n))
		n++;
	return n;
}

static size_t tell(int64_t dropped, char *line, size_t size)
{
	return (size_t)snprintf(line, size, "missing %" PRId64 "\n", dropped);
}

struct reader {
	int fd;
	char *text;
	pthread_t thread;
};

static void *read_all(void *arg)
{
	struct reader *reader = arg;
	size_t len = 0;
	ssize_t n;

	while ((n = read(reader->fd, reader->text + len, TEXT_MAX - len - 1)) > 0)
		len += (size_t)n;
	reader->text[len] = '\0';
	return NULL;
}

static void begin_reading(struct reader *reader, int fd)
{
	static char text[TEXT_MAX]; /* each test has its own process */

	reader->fd = fd;
	reader->text = text;
	cr_assert_eq(pthread_create(&reader->thread, NULL, read_all, reader), 0);
}

/* All that was written, once nobody writes any more. */
static char *end_reading(struct reader *reader)
{
	output_stop(STOP_MS);
	(void)close(STDOUT_FILENO);
	(void)pthread_join(reader->thread, NULL);
	return reader->text;
}

/* Removes the line that text begins with, which must be this number. */
static char *after_number(char *text, int64_t number)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "%" PRId64 "\n", number);

	cr_assert_eq(strncmp(text, line, (size_t)len), 0, "%.40s\nis not %s", text, line);
	return text + len;
}

Test(output, a_pipe_that_nobody_reads_holds_nobody_up)
{
	int unread = piped();
	int64_t taken;

	output_start(OUTPUT_STDOUT, tell);
	taken = fill();
	cr_expect_gt(taken, 10000, "%" PRId64, taken);
	for (int i = 0; i < 1000; i++)
		cr_expect_not(put_number(i));
	cr_expect_eq(output_dropped(OUTPUT_STDOUT), 1001);
	output_stop(NOT_LONG_MS); /* the thread hangs in its write */
	cr_expect_not(put_number(0));
	(void)close(unread);
}

Test(output, what_is_missing_is_one_hole_and_told_where_it_is)
{
	int unread = piped();
	int64_t taken, dropped = 1, after = 0;
	struct reader reader;
	char told[40], *text;

	output_start(OUTPUT_STDOUT, tell);
	taken = fill();
	begin_reading(&reader, unread);
	for (; !put_number(-1); dropped++)
		clock_pause_ms(1);
	while (after < 100)
		cr_assert(put_number(after++), "again a hole at %" PRId64, after);
	text = end_reading(&reader);
	for (int64_t n = 0; n < taken; n++)
		text = after_number(text, n);
	(void)snprintf(told, sizeof(told), "missing %" PRId64 "\n", dropped);
	cr_assert_eq(strncmp(text, told, strlen(told)), 0, "%.40s\nis not %s", text, told);
	text = after_number(text + strlen(told), -1);
	for (int64_t n = 0; n < after; n++)
		text = after_number(text, n);
	expect_text(text, "");
}

Test(output, a_hole_is_told_though_nobody_writes_any_more)
{
	int unread = piped();
	struct reader reader;
	char *text;

	output_start(OUTPUT_STDOUT, tell);
	(void)fill();
	begin_reading(&reader, unread);
	text = end_reading(&reader);
	expect_part(text, "\nmissing 1\n");
}

Test(output, a_reader_that_is_gone_costs_the_lines)
{
	int unread = piped();

	(void)signal(SIGPIPE, SIG_IGN); /* ALLOWED: ignores, no handler */
	output_start(OUTPUT_STDOUT, tell);
	(void)close(unread);
	(void)put_number(1);
	while (output_dropped(OUTPUT_STDOUT) == 0)
		clock_pause_ms(1);
	output_stop(STOP_MS);
}

Test(output, the_flags_of_the_descriptor_stay_and_may_be_others)
{
	int unread = piped(), flags;
	struct reader reader;
	char *text;

	cr_assert_eq(fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK), 0);
	flags = fcntl(STDOUT_FILENO, F_GETFL);
	output_start(OUTPUT_STDOUT, tell);
	for (int64_t n = 0; n < 20000; n++)
		cr_assert(put_number(n));
	begin_reading(&reader, unread);
	cr_expect_eq(fcntl(STDOUT_FILENO, F_GETFL), flags);
	text = end_reading(&reader);
	for (int64_t n = 0; n < 20000; n++)
		text = after_number(text, n);
	expect_text(text, "");
}

Test(output, before_its_start_a_stream_is_written_at_once)
{
	int read_end = piped();
	char text[8] = "";

	cr_expect(put_number(7));
	cr_assert_eq(read(read_end, text, sizeof(text) - 1), 2);
	expect_text(text, "7\n");
}

Test(output, what_is_no_line_is_refused)
{
	char long_line[OUTPUT_LINE_MAX + 1];

	(void)piped();
	output_start(OUTPUT_STDOUT, NULL);
	memset(long_line, '\n', sizeof(long_line));
	cr_expect_not(output_line(OUTPUT_STDOUT, long_line, sizeof(long_line)));
	cr_expect_not(output_line(OUTPUT_STDOUT, "half", 4));
	cr_expect_not(output_line(OUTPUT_STDOUT, "", 0));
	output_stop(STOP_MS);
}
