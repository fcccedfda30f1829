#include "tests/support/world.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/support/keep.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"

struct world world;
static bool is_open;

void world_open(const char *test, int partitions)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	world.name = keep_format("%s_%d", test, (int)getpid());
	world.topic = keep_format("topic.%s", world.name);
	world.group = keep_format("group.%s", world.name);
	world.database = keep_format("t_%s", world.name);
	is_open = true;
	sql_database_create(world.database);
	topic_create(world.topic, partitions);
}

static void remove_world(void)
{
	is_open = false;
	tail_close_all();
	sql_database_drop();
	keep_release();
	curl_global_cleanup();
}

void world_close(void)
{
	service_finish_all();
	remove_world();
}

void world_abandon(void)
{
	if (!is_open)
		return;
	service_abandon_all();
	remove_world();
}
