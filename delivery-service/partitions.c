#include "delivery-service/partitions.h"

#include <stdlib.h>

void partitions_fini(struct partitions *ps)
{
	free(ps->list);
	*ps = (struct partitions){ 0 };
}

struct partition *partitions_find(const struct partitions *ps, int32_t number)
{
	for (size_t i = 0; i < ps->count; i++) {
		if (ps->list[i].number == number)
			return &ps->list[i];
	}
	return NULL;
}

bool partitions_add(struct partitions *ps, int32_t number, int64_t offset, int64_t epoch)
{
	struct partition *p = partitions_find(ps, number);

	if (!p && ps->count == ps->capacity) {
		size_t capacity = ps->capacity ? ps->capacity * 2 : 16;
		struct partition *list = realloc(ps->list, capacity * sizeof(*list));

		if (!list)
			return false;
		ps->list = list;
		ps->capacity = capacity;
	}
	if (!p)
		p = &ps->list[ps->count++];
	*p = (struct partition){ .number = number,
				 .epoch = epoch,
				 .next_read = offset,
				 .next_offset = offset,
				 .stored_offset = offset };
	return true;
}

void partitions_remove(struct partitions *ps, int32_t number)
{
	struct partition *p = partitions_find(ps, number);

	if (p)
		*p = ps->list[--ps->count];
}

bool partitions_dirty(const struct partitions *ps)
{
	for (size_t i = 0; i < ps->count; i++) {
		if (ps->list[i].next_offset > ps->list[i].stored_offset)
			return true;
	}
	return false;
}
