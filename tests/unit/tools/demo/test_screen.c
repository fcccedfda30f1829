/* Lines, tables and events at every width from 60 to 200: nothing is wider, nothing is lost. */
#include "tests/unit/unit.h"
#include "tools/demo/event_line.h"
#include "tools/demo/guess.h"
#include "tools/demo/number.h"
#include "tools/demo/replica_view.h"
#include "tools/demo/table.h"
#include "tools/demo/wrap.h"

static char *output;
static size_t output_len;
static struct screen screen;
static struct catalogue *texts;

static void open_screen(const char *columns, enum catalogue_language language)
{
	wrap_prepare();
	(void)setenv("COLUMNS", columns, 1);
	texts = catalogue_open(language);
	screen_init(&screen, open_memstream(&output, &output_len), texts);
}

static const char *shown(void)
{
	(void)fflush(screen.out);
	return output;
}

static void close_screen(void)
{
	(void)fclose(screen.out);
	free(output);
	catalogue_close(texts);
}

/* The columns of the widest line. */
static size_t widest(const char *text)
{
	size_t most = 0;

	while (*text) {
		size_t len = strcspn(text, "\n"), columns = wrap_columns(text, len);

		most = columns > most ? columns : most;
		text += len + (text[len] == '\n');
	}
	return most;
}

Test(screen, korean_letters_take_two_columns)
{
	wrap_prepare();
	cr_expect_eq(wrap_columns("한글", strlen("한글")), 4);
	cr_expect_eq(wrap_columns("a한", strlen("a한")), 3);
	cr_expect_eq(wrap_fitting("한글", strlen("한글"), 3), strlen("한"));
	cr_expect_eq(wrap_columns("\xff\xfe", 2), 2);
}

Test(screen, breaks_lines_at_blanks)
{
	open_screen("60", CATALOGUE_EN);
	screen_text(&screen, STYLE_PLAIN, 2,
		    "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789");
	expect_text(shown(), "0123456789 0123456789 0123456789 0123456789 0123456789\n"
			     "  0123456789 0123456789\n");
	close_screen();
}

Test(screen, breaks_a_word_that_is_longer_than_a_line)
{
	char word[131];

	memset(word, 'x', 130);
	word[130] = '\0';
	open_screen("60", CATALOGUE_EN);
	screen_text(&screen, STYLE_PLAIN, 0, word);
	cr_expect_eq(widest(shown()), 60);
	cr_expect_eq(output_len, 133, "something was cut off");
	close_screen();
}

Test(screen, shows_control_characters_as_question_marks)
{
	open_screen("80", CATALOGUE_EN);
	screen_text(&screen, STYLE_PLAIN, 0, "a\033[31mb\tc\xc2\x9b");
	expect_text(shown(), "a?[31mb?c?\n");
	close_screen();
}

Test(screen, a_long_command_can_be_pasted)
{
	open_screen("60", CATALOGUE_EN);
	screen_command(&screen,
		       "http :8081/orders customerId=1000 productId=100 productName=TV qty=3");
	expect_text(shown(), "\n$ http :8081/orders customerId=1000 productId=100 \\\n"
			     "    productName=TV qty=3\n");
	close_screen();
}

Test(screen, every_text_fits_every_width)
{
	static const char *const keys[] = { "demo.together", "demo.customer", "lab.1.text",
					    "lab.2.why", "topic.title" };

	for (int language = CATALOGUE_EN; language <= CATALOGUE_KO; language++) {
		for (int width = 60; width <= 200; width += 7) {
			open_screen(NUMBER(width), (enum catalogue_language)language);
			for (size_t i = 0; i < COUNT_OF(keys); i++)
				screen_say(&screen, STYLE_PLAIN, keys[i], NULL);
			screen_progress(&screen, "demo.keys", NULL);
			screen_heading(&screen, catalogue_text(texts, "demo.scale.name"));
			cr_expect_leq(widest(shown()), (size_t)width);
			close_screen();
		}
	}
}

Test(screen, a_wait_without_a_terminal_is_a_line_every_two_seconds)
{
	open_screen("80", CATALOGUE_EN);
	for (int64_t ms = 0; ms <= 5000; ms += 100)
		screen_wait(&screen, "working", ms, 5000);
	screen_wait_over(&screen);
	expect_text(shown(), "... working: 2 of 5 s\n... working: 4 of 5 s\n");
	close_screen();
}

static const struct table small = {
	.rows = 2,
	.columns = 3,
	.cells = { { { "scenario", 0 }, { "applied", 0 }, { "verdict", 0 } },
		   { { "1 partition,\nno key", 0 }, { "Placed,\nModified", 0 }, { "RIGHT", 0 } } },
};

Test(screen, a_table_that_fits_has_columns)
{
	open_screen("60", CATALOGUE_EN);
	table_draw(&small, &screen);
	expect_text(shown(), " scenario     | applied  | verdict\n"
			     "--------------+----------+---------\n"
			     " 1 partition, | Placed,  | RIGHT\n"
			     " no key       | Modified | \n");
	close_screen();
}

Test(screen, a_table_that_does_not_fit_is_stacked)
{
	struct table table = small;
	char text[96];

	(void)snprintf(text, sizeof(text), "%070d", 0);
	table.cells[1][1].text = text;
	open_screen("60", CATALOGUE_EN);
	table_draw(&table, &screen);
	cr_expect_leq(widest(shown()), 60);
	expect_part(shown(), "1 partition, no key\n  applied  0000");
	expect_part(shown(), "\n  verdict  RIGHT\n");
	close_screen();
}

static const struct seen_event modified = {
	.partition = 1, .offset = 2, .key = "-", .type = "OrderModified", .order = 3, .version = 2
};

Test(screen, an_event_is_one_line)
{
	open_screen("80", CATALOGUE_EN);
	event_line_show(&screen, &modified);
	expect_text(
		shown(),
		"  partition 1 | offset   2 | key -   | OrderModified     | order 3, version 2\n");
	close_screen();
}

Test(screen, an_event_is_two_lines_where_one_does_not_fit)
{
	open_screen("60", CATALOGUE_EN);
	event_line_show(&screen, &modified);
	expect_text(shown(), "  OrderModified, order 3, version 2\n"
			     "    partition 1, offset 2, key -\n");
	close_screen();
}

Test(screen, seconds_are_cut_off_never_rounded_up)
{
	expect_text(SECONDS(9890), "9.8");
	expect_text(SECONDS(10000), "10");
	expect_text(SECONDS(-350), "0.3");
}

Test(screen, predictions)
{
	expect_text(guess_status("m"), "DELIVERY MODIFIED");
	expect_text(guess_status(" C"), "DELIVERY CANCELLED");
	expect_text(guess_status("Cancelled"), "DELIVERY CANCELLED");
	cr_expect_null(guess_status(""));
	cr_expect_null(guess_status("mc"));
}

Test(screen, a_replica_has_one_partition_or_several_or_is_idle)
{
	static struct replica_view view = {
		.count = 4,
		.replicas = { { 1, true, 1 }, { 2, true, 0 }, { 3, true, 0 }, { 4, false, 0 } },
		.partitions = { { 1, 0 }, { 2, 0 }, { 2, 0 } },
	};

	open_screen("80", CATALOGUE_EN);
	replica_view_show(&view, true, &screen);
	expect_text(shown(), "delivery-service 1: partition 0; 1 event in progress\n"
			     "delivery-service 2: partitions 1, 2\n"
			     "delivery-service 3: idle, there is no partition left for it\n"
			     "delivery-service 4: does not answer\n");
	close_screen();
}

/* As many as make partitions makes, all with one replica. */
Test(screen, a_replica_of_a_thousand_partitions_has_all_of_them)
{
	static struct replica_view view = { .count = 1, .replicas = { { 1, true, 1 } } };

	for (int p = 0; p < 1000; p++)
		view.partitions[p].replica = 1;
	open_screen("80", CATALOGUE_EN);
	replica_view_show(&view, true, &screen);
	cr_expect(strstr(shown(), "998, 999; 1 event in progress\n"), "%s", shown());
	close_screen();
}

Test(screen, a_replica_is_not_idle_while_no_broker_answers)
{
	static struct replica_view view = { .count = 1, .replicas = { { 1, true, 0 } } };

	open_screen("80", CATALOGUE_EN);
	replica_view_show(&view, false, &screen);
	expect_text(shown(), "delivery-service 1: has no partition\n");
	close_screen();
}
