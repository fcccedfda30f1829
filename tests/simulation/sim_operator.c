#include "tests/simulation/sim_operator.h"

#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_world.h"

#define LOOKS_AGAIN (60 * SIM_S)

struct gap {
	int64_t order, version;
};

static struct sim_table *table(enum sim_table_name name)
{
	return &sim_server_database("delivery")->tables[name];
}

static bool has(enum sim_table_name name, const struct gap *gap)
{
	return sim_table_see(sim_table_find(table(name), gap->order, gap->version, 0), NULL) !=
	       NULL;
}

static bool is_waited_for(const struct gap *gap)
{
	const struct sim_table *parked = table(T_PARKED);
	size_t i = sim_table_from(parked, gap->order, gap->version, 0);

	return i < parked->count && parked->rows[i]->key[0] == gap->order &&
	       parked->rows[i]->key[1] > gap->version;
}

static void skip(const struct gap *gap)
{
	const struct sim_value none = { 0 };

	if (!has(T_HISTORY, gap) && !has(T_GIVEN_UP, gap))
		sim_server_write_now(sim_table_row(table(T_GIVEN_UP), gap->order, gap->version, 0),
				     &none);
}

static void look_again(void *argument)
{
	const struct gap *gap = argument;

	if (is_waited_for(gap))
		skip(gap);
	sim_world_at(sim_world_now_us() + LOOKS_AGAIN, look_again, argument);
}

static void look(void *argument)
{
	skip(argument);
	sim_world_at(sim_world_now_us() + LOOKS_AGAIN, look_again, argument);
}

void sim_operator_gap(int64_t order, int64_t version)
{
	const struct gap gap = { order, version };

	sim_world_at(sim_world_now_us() + sim_random_between(sim_world_random(), 1, 9) * SIM_S,
		     look, sim_world_copy(&gap, sizeof(gap)));
}
