#include "tests/simulation/sim_setup.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/simulation/sim_world.h"

/* What one member alone can do of its work, or it would never catch up. */
static int64_t capacity_per_s(const struct sim_setup *s)
{
	int64_t lanes = s->max_concurrency;

	if (s->processing_order == PROCESSING_PARTITION && s->partitions < lanes)
		lanes = s->partitions;
	return s->work_ms ? lanes * 1000 / s->work_ms : 1000;
}

/* What came later has random numbers of its own: in seeds without it all is as before. */
static void draw_changes(struct sim_setup *s, uint64_t seed)
{
	struct sim_random r = { seed * 0xa0761d6478bd642fu + 11 };
	struct sim_random again = { seed * 0x8ebc6af09c88c6e3u + 439 };
	struct sim_random twice = { seed * 0x589965cc75374cc3u + 97 };

	s->grows = sim_random_chance(&r, 150);
	if (sim_random_chance(&r, 150))
		s->retention = sim_random_chance(&r, 300) ? SIM_DELETES_READ : SIM_DELETES_UNREAD;
	else
		s->recreates = sim_random_chance(&again, 140);
	if (s->retention == SIM_KEEPS_ALL)
		s->repeats = sim_random_chance(&twice, 140);
	s->looks_often = sim_random_chance(&r, 300);
}

struct sim_setup sim_setup_of(uint64_t seed, int64_t duration_us, int64_t most_per_s)
{
	static const int64_t works[] = { 0, 0, 5, 50, 300 };
	struct sim_random r = { seed * 0x9e3779b97f4a7c15u + 7 };
	struct sim_setup s = { 0 };

	s.with_orders = sim_random_chance(&r, 600);
	s.keyed = sim_random_chance(&r, 500);
	s.in_sequence = sim_random_chance(&r, s.keyed ? 300 : 750);
	s.processing_order = (enum processing_order)sim_random_below(&r, 3);
	s.work_ms = works[sim_random_below(&r, 5)];
	s.max_concurrency = sim_random_chance(&r, 300) ? 1 + sim_random_below(&r, 4) : 200;
	s.partitions = (int32_t)sim_random_between(&r, 1, 6);
	s.delivery_services = (int)sim_random_between(&r, 1, 4);
	s.order_services = s.with_orders ? (int)sim_random_between(&r, 1, 3) : 0;
	s.duration_us = sim_random_between(&r, 20, 90) * SIM_S;
	s.events_per_s = sim_random_between(&r, 2, 60);
	if (sim_random_chance(&r, 150))
		s.events_per_s = sim_random_between(&r, 100, 300);
	s.network_slowness = sim_random_chance(&r, 250) ? sim_random_between(&r, 3, 30) : 1;
	s.fault_every_us = sim_random_between(&r, 500, 8000) * SIM_MS;
	if (s.events_per_s > capacity_per_s(&s) / 4)
		s.events_per_s = capacity_per_s(&s) / 4;
	if (most_per_s > 0 && s.events_per_s > most_per_s)
		s.events_per_s = most_per_s;
	if (s.events_per_s < 1)
		s.events_per_s = 1;
	if (duration_us > 0)
		s.duration_us = duration_us;
	s.transactional = sim_random_chance(&r, 350);
	s.refuses = sim_random_chance(&r, 150);
	draw_changes(&s, seed);
	return s;
}

bool sim_setup_is_ordered(const struct sim_setup *s)
{
	return s->in_sequence || (s->keyed && s->processing_order != PROCESSING_UNORDERED);
}

void sim_setup_describe(const struct sim_setup *s, char *text, unsigned long size)
{
	static const char *const orders[] = { "partition", "key", "unordered" };
	static const char *const retentions[] = { "", ", deletes what was read",
						  ", deletes what was not read" };

	(void)snprintf(text, size,
		       "%s, %s, %s, order %s, work %" PRId64 " ms, concurrency %" PRId64
		       ", %d partitions, %d order-services, %d delivery-services, %" PRId64
		       " events/s%s%s%s%s",
		       s->keyed ? "keyed" : "unkeyed", s->in_sequence ? "enforce" : "observe",
		       s->transactional ? "transactional" : "idempotent",
		       orders[s->processing_order], s->work_ms, s->max_concurrency,
		       (int)s->partitions, s->order_services, s->delivery_services, s->events_per_s,
		       s->grows ? ", partitions are added" : "", retentions[s->retention],
		       s->recreates ? ", re-creates the topic" : "",
		       s->repeats ? ", keeps messages twice" : "");
}
