/* Addresses of services, with ranges of ports. */
#include "tests/unit/unit.h"
#include "tools/page/service_urls.h"

TestSuite(page_service_urls, .init = unit_deadline);

static char urls[8][SERVICE_URL_MAX];
static size_t count;

static enum status read_urls(const char *text)
{
	struct error err;

	return service_urls_read(text, urls, COUNT_OF(urls), &count, &err);
}

Test(page_service_urls, one_a_list_and_a_range)
{
	cr_assert_eq(read_urls("http://127.0.0.1:8081"), ST_OK);
	cr_expect_eq(count, 1);
	cr_expect_str_eq(urls[0], "http://127.0.0.1:8081");
	cr_assert_eq(read_urls("http://a:1,http://b:8082-8084"), ST_OK);
	cr_expect_eq(count, 4);
	cr_expect_str_eq(urls[0], "http://a:1");
	cr_expect_str_eq(urls[3], "http://b:8084");
	cr_assert_eq(read_urls(""), ST_OK);
	cr_expect_eq(count, 0);
}

Test(page_service_urls, no_more_than_there_is_room_for)
{
	cr_assert_eq(read_urls("http://a:1-60000"), ST_OK);
	cr_expect_eq(count, COUNT_OF(urls));
}

Test(page_service_urls, what_is_none_is_refused)
{
	static const char *const bad[] = { "a:1",         "http://a",     "http://a:0",
					   "http://a:1-", "http://a:9-8", "http://a:70000",
					   "ftp://a:1",   "http://a:1/x" };

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		cr_expect_eq(read_urls(bad[i]), ST_INVALID, "%s", bad[i]);
}
