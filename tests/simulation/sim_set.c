#include "tests/simulation/sim_set.h"

#include "tests/simulation/sim_world.h"

/* Where the number is, or would be. The capacity is a power of two, and a half of it is free. */
static int64_t *place_of(const struct sim_set *s, int64_t number)
{
	size_t at = (size_t)((uint64_t)number * 0x9e3779b97f4a7c15u >> 32);

	while (s->places[at & (s->capacity - 1)] && s->places[at & (s->capacity - 1)] != number)
		at++;
	return &s->places[at & (s->capacity - 1)];
}

static void grow(struct sim_set *s)
{
	struct sim_set old = *s;

	s->capacity = old.capacity ? 2 * old.capacity : 1024;
	s->places = sim_world_memory(s->capacity * sizeof(*s->places));
	for (size_t i = 0; i < old.capacity; i++) {
		if (old.places[i])
			*place_of(s, old.places[i]) = old.places[i];
	}
}

bool sim_set_add(struct sim_set *s, int64_t number)
{
	bool is_new = !sim_set_has(s, number);

	if (number == 0)
		s->has_zero = true;
	if (!is_new || number == 0)
		return is_new;
	if (2 * s->count >= s->capacity)
		grow(s);
	*place_of(s, number) = number;
	s->count++;
	return true;
}

bool sim_set_has(const struct sim_set *s, int64_t number)
{
	if (number == 0)
		return s->has_zero;
	return s->count > 0 && *place_of(s, number) == number;
}
