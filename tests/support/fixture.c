#include "tests/support/fixture.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"

struct fixture fixture;
static bool is_open;

void fixture_open(const char *test, int partitions)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	fixture.name = arena_format("%s_%d", test, (int)getpid());
	fixture.topic = arena_format("topic.%s", fixture.name);
	fixture.group = arena_format("group.%s", fixture.name);
	fixture.database = arena_format("t_%s", fixture.name);
	is_open = true;
	sql_database_create(fixture.database);
	topic_create(fixture.topic, partitions);
}

static void remove_fixture(void)
{
	is_open = false;
	tail_close_all();
	sql_database_drop();
	arena_release();
	curl_global_cleanup();
}

void fixture_close(void)
{
	service_finish_all();
	remove_fixture();
}

void fixture_abandon(void)
{
	if (!is_open)
		return;
	service_abandon_all();
	remove_fixture();
}
