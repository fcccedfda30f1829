#include "tests/simulation/sim_random.h"

uint64_t sim_random_next(struct sim_random *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

int64_t sim_random_below(struct sim_random *r, int64_t n)
{
	return (int64_t)(sim_random_next(r) % (uint64_t)n);
}

int64_t sim_random_between(struct sim_random *r, int64_t low, int64_t high)
{
	return low + sim_random_below(r, high - low + 1);
}

bool sim_random_chance(struct sim_random *r, int per_mille)
{
	return sim_random_below(r, 1000) < per_mille;
}
