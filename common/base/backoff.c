#include "common/base/backoff.h"

int64_t backoff_next_ms(struct backoff *b, uint32_t random)
{
	int64_t bound = b->base_ms;

	for (unsigned i = 0; i < b->tries && bound < b->cap_ms; i++)
		bound *= 2;
	if (bound > b->cap_ms)
		bound = b->cap_ms;
	b->tries++;
	return bound / 2 + (int64_t)random % (bound - bound / 2 + 1);
}

void backoff_reset(struct backoff *b)
{
	b->tries = 0;
}
