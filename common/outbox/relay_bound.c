#include "common/outbox/relay_bound.h"

#include <string.h>

void relay_bound_begin(struct relay_bound *b, int64_t low)
{
	*b = (struct relay_bound){ .low = low, .writers = "{}" };
}

bool relay_bound_due(const struct relay_bound *b)
{
	return b->rows >= RELAY_BOUND_LOOK_ROWS;
}

void relay_bound_read(struct relay_bound *b, int64_t first, int64_t last, size_t count, bool all)
{
	int64_t low = first <= b->decided ? first : b->decided + 1;

	/* Without the lease none come, whatever is there. */
	if (count == 0)
		return;
	b->rows += count;
	if (last > b->seen)
		b->seen = last;
	if (all && low > b->low)
		b->low = low;
}

void relay_bound_looked(struct relay_bound *b, const char *writers, bool any_left)
{
	size_t len = strlen(writers);

	b->rows = 0;
	if (b->candidate && any_left)
		return;
	if (b->candidate)
		b->decided = b->candidate;
	b->candidate = 0;
	if (strcmp(writers, "{}") == 0) {
		b->decided = b->seen;
	} else if (len < sizeof(b->writers)) {
		b->candidate = b->seen;
		memcpy(b->writers, writers, len + 1);
	}
}
