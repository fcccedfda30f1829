#include "tests/simulation/sim_coordinator.h"

#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_judge_outbox.h"
#include "tests/simulation/sim_world.h"

#define IDS       4
#define PLACES    (4 * SIM_PARTITIONS)
#define TIMEOUT_S 10          /* of a transaction that is left open, ... */
#define LOOK_S    10          /* ... which the coordinator looks for so often */
#define MARKER_US 30 * SIM_MS /* until a control record is written, at most */

struct place {
	struct sim_topic *topic;
	int32_t partition;
};

struct sim_transactional {
	const char *name;
	int64_t epoch;
	uint64_t open; /* the transaction; 0: none */
	struct place places[PLACES];
	int place_count;
	int64_t free_us;
};

/* One coordinator a world. */
static struct coordinator {
	struct sim_transactional ids[IDS];
	uint64_t transactions;
} coordinator;

struct sim_transactional *sim_coordinator_find(const char *name)
{
	for (int i = 0; i < IDS; i++) {
		struct sim_transactional *id = &coordinator.ids[i];

		if (!id->name)
			id->name = sim_world_copy(name, strlen(name));
		if (strcmp(id->name, name) == 0)
			return id;
	}
	abort();
}

bool sim_coordinator_fences(const struct sim_transactional *id, int64_t epoch)
{
	return id->epoch != epoch;
}

int64_t sim_coordinator_free_us(const struct sim_transactional *id)
{
	return id->free_us;
}

/* --- the end of a transaction -------------------------------------------------------------- */

struct marker {
	struct place place;
	uint64_t transaction;
	bool commits;
};

static void write_marker(void *argument)
{
	struct marker *m = argument;

	sim_topic_end_transaction(m->place.topic, m->place.partition, m->transaction, m->commits);
	free(m);
}

static void end_at(struct sim_transactional *id, const struct place *place, bool commits)
{
	struct marker *m = sim_world_loan(sizeof(*m));
	int64_t at_us = sim_world_now_us() + sim_random_between(sim_world_random(), 0, MARKER_US);

	*m = (struct marker){ *place, id->open, commits };
	if (commits)
		sim_topic_each(place->topic, place->partition, id->open, sim_judge_outbox_appended);
	sim_world_at(at_us, write_marker, m);
	id->free_us = at_us >= id->free_us ? at_us + 1 : id->free_us;
}

static void end(struct sim_transactional *id, bool commits)
{
	if (!id->open)
		return;
	sim_world_trace("transactions", "%s: %s", id->name, commits ? "commit" : "abort");
	for (int i = 0; i < id->place_count; i++)
		end_at(id, &id->places[i], commits);
	id->open = 0;
	id->place_count = 0;
}

int64_t sim_coordinator_take(struct sim_transactional *id)
{
	end(id, false);
	return ++id->epoch;
}

bool sim_coordinator_commit(struct sim_transactional *id, int64_t epoch)
{
	if (sim_coordinator_fences(id, epoch))
		return false;
	end(id, true);
	return true;
}

/* --- records ------------------------------------------------------------------------------- */

struct begun {
	struct sim_transactional *id;
	uint64_t transaction;
};

static void time_out(void *argument)
{
	struct begun *b = argument;

	if (b->id->open == b->transaction)
		(void)sim_coordinator_take(b->id);
	free(b);
}

static void begin(struct sim_transactional *id)
{
	struct begun *b = sim_world_loan(sizeof(*b));
	int64_t late_us = sim_random_between(sim_world_random(), 0, LOOK_S * SIM_S);

	id->open = ++coordinator.transactions;
	*b = (struct begun){ id, id->open };
	sim_world_at(sim_world_now_us() + TIMEOUT_S * SIM_S + late_us, time_out, b);
}

static void add_place(struct sim_transactional *id, struct sim_topic *topic, int32_t partition)
{
	for (int i = 0; i < id->place_count; i++) {
		if (id->places[i].topic == topic && id->places[i].partition == partition)
			return;
	}
	if (id->place_count == PLACES)
		abort();
	id->places[id->place_count++] = (struct place){ topic, partition };
}

bool sim_coordinator_append(struct sim_transactional *id, int64_t epoch, struct sim_topic *topic,
			    int32_t partition, const struct message *message)
{
	if (sim_coordinator_fences(id, epoch))
		return false;
	if (!id->open)
		begin(id);
	add_place(id, topic, partition);
	(void)sim_topic_append(topic, partition, message, id->open);
	return true;
}
