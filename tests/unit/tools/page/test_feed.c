/* What a viewer is told: in order, without a gap, and bounded. */
#include "tests/unit/unit.h"
#include "tools/page/feed.h"

TestSuite(page_feed, .init = unit_deadline);

static struct feed feed;

static void add(const char *text)
{
	feed_add(&feed, "messages", strdup(text));
}

Test(page_feed, entries_have_ascending_numbers)
{
	feed_init(&feed, 1);
	cr_expect_null(feed_at(&feed, 1));
	add("a");
	add("b");
	cr_expect_str_eq(feed_at(&feed, 1)->text, "a");
	cr_expect_eq(feed_at(&feed, 2)->number, 2);
	cr_expect_null(feed_at(&feed, 3));
	feed_fini(&feed);
}

Test(page_feed, old_entries_go_when_there_are_too_many)
{
	feed_init(&feed, 1);
	for (int i = 0; i < FEED_ENTRIES + 10; i++)
		add("x");
	cr_expect_null(feed_at(&feed, 10));
	cr_expect_not_null(feed_at(&feed, 11));
	cr_expect_not_null(feed_at(&feed, FEED_ENTRIES + 10));
	feed_fini(&feed);
}

Test(page_feed, old_entries_go_when_they_are_too_long)
{
	char *large = calloc(1, FEED_BYTES / 2 + 1);

	memset(large, 'x', FEED_BYTES / 2);
	feed_init(&feed, 1);
	for (int i = 0; i < 5; i++)
		add(large);
	cr_expect_leq(feed.bytes, FEED_BYTES);
	cr_expect_null(feed_at(&feed, 3));
	cr_expect_not_null(feed_at(&feed, 5));
	feed_fini(&feed);
	free(large);
}

Test(page_feed, who_comes_back_goes_on_where_he_was)
{
	int gap;

	feed_init(&feed, 1);
	for (int i = 0; i < 5; i++)
		add("x");
	cr_expect_eq(feed_resume(&feed, 3, &gap), 4);
	cr_expect_not(gap);
	cr_expect_eq(feed_resume(&feed, 5, &gap), 6, "nothing is new");
	cr_expect_not(gap);
	feed_fini(&feed);
}

Test(page_feed, who_was_away_too_long_or_is_new_begins_at_the_oldest)
{
	int gap;

	feed_init(&feed, 1);
	for (int i = 0; i < FEED_ENTRIES + 10; i++)
		add("x");
	cr_expect_eq(feed_resume(&feed, 0, &gap), 11);
	cr_expect(gap);
	cr_expect_eq(feed_resume(&feed, 3, &gap), 11);
	cr_expect(gap);
	cr_expect_eq(feed_resume(&feed, 1000000, &gap), 11, "of a page that ran before");
	cr_expect(gap);
	cr_expect_eq(feed_resume(&feed, 10, &gap), 11);
	cr_expect_not(gap, "the next one is there");
	feed_fini(&feed);
}

/* A new process has told as much as he had seen of the one before: he has seen none of it. */
Test(page_feed, who_comes_from_the_page_before_begins_at_the_oldest)
{
	int gap;

	feed_init(&feed, 1000);
	for (int i = 0; i < 4; i++)
		add("x");
	feed_fini(&feed);
	feed_init(&feed, 2000);
	for (int i = 0; i < 8; i++)
		add("x");
	cr_expect_eq(feed_resume(&feed, 1003, &gap), 2000);
	cr_expect(gap);
	cr_expect_eq(feed_at(&feed, 2000)->number, 2000);
	feed_fini(&feed);
}
