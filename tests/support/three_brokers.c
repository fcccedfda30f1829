#include "tests/support/three_brokers.h"

#include "tests/support/arena.h"
#include "tests/support/ports.h"
#include "tests/support/stack.h"

void three_brokers_choose(struct three_brokers *lab, const char *more)
{
	const int first = ports_free(THREE_BROKERS_PORTS);

	*lab = (struct three_brokers){
		first,
		{ "NO_COLOR=1", arena_format("BUILD_DIR=%s", stack_build_dir()),
		  arena_format("KAFKA_PORT=%d", first),
		  arena_format("KAFKA_CONTROLLER_PORT=%d", first + 1),
		  arena_format("PG_PORT=%d", first + 6), arena_format("ORDER_PORT=%d", first + 7),
		  arena_format("DELIVERY_PORT=%d", first + 8), more }
	};
}
