#include "tests/simulation/sim_args.h"

#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_world.h"

static int64_t read_number(const char *bytes, int len)
{
	uint64_t value = len > 0 && (bytes[0] & 0x80) ? UINT64_MAX : 0;

	for (int i = 0; i < len; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return (int64_t)value;
}

int64_t sim_args_number(const struct sim_call *call, int parameter)
{
	const struct sim_text *p = &call->params[parameter - 1];

	return read_number(p->bytes, p->len);
}

struct sim_text sim_args_text(const struct sim_call *call, int parameter)
{
	const struct sim_text *p = &call->params[parameter - 1];

	if (!p->bytes)
		return *p;
	return (struct sim_text){ sim_world_copy(p->bytes, (size_t)p->len), p->len };
}

/* The array's header: dimensions, flags, type, then count and lower bound, then the elements. */
#define ARRAY_HEADER 20

int sim_args_count(const struct sim_call *call, int parameter)
{
	const struct sim_text *p = &call->params[parameter - 1];

	return read_number(p->bytes, 4) == 0 ? 0 : (int)read_number(p->bytes + 12, 4);
}

/* Elements are read front to back mostly: the place of the last one is remembered. */
static struct sim_text element(const struct sim_call *call, int parameter, int i)
{
	static struct {
		uint64_t call;
		const char *place;
		int at;
	} read[17]; /* by parameter */
	const struct sim_text *p = &call->params[parameter - 1];
	const char *place = read[parameter].place;
	int at = read[parameter].at, len;

	if (read[parameter].call != call->number || at > i) {
		place = p->bytes + ARRAY_HEADER;
		at = 0;
	}
	for (; at < i; at++) {
		len = (int)read_number(place, 4);
		place += 4 + (len > 0 ? len : 0);
	}
	read[parameter].call = call->number;
	read[parameter].place = place;
	read[parameter].at = at;
	len = (int)read_number(place, 4);
	return (struct sim_text){ len < 0 ? NULL : place + 4, len };
}

int64_t sim_args_number_at(const struct sim_call *call, int parameter, int i)
{
	struct sim_text text = element(call, parameter, i);

	return text.bytes ? read_number(text.bytes, text.len) : 0;
}

struct numbered {
	int64_t number;
	int place;
};

/* The array that was asked about last, in order: it is mostly asked about again. */
static struct {
	uint64_t call;
	int parameter, count;
	struct numbered *list;
} sorted;

static int compare_numbers(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

static void sort(const struct sim_call *call, int parameter)
{
	if (sorted.list && sorted.call == call->number && sorted.parameter == parameter)
		return;
	free(sorted.list);
	sorted.call = call->number;
	sorted.parameter = parameter;
	sorted.count = sim_args_count(call, parameter);
	sorted.list = sim_world_loan(((size_t)sorted.count + 1) * sizeof(*sorted.list));
	for (int i = 0; i < sorted.count; i++)
		sorted.list[i] = (struct numbered){ sim_args_number_at(call, parameter, i), i };
	qsort(sorted.list, (size_t)sorted.count, sizeof(*sorted.list), compare_numbers);
}

int sim_args_next(const struct sim_call *call, int parameter, int64_t after)
{
	int low = 0, high;

	sort(call, parameter);
	for (high = sorted.count; low < high;) {
		int middle = low + (high - low) / 2;

		if (sorted.list[middle].number <= after)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sorted.count ? sorted.list[low].place : -1;
}

struct sim_text sim_args_text_at(const struct sim_call *call, int parameter, int i)
{
	struct sim_text text = element(call, parameter, i);

	if (text.bytes)
		text.bytes = sim_world_copy(text.bytes, (size_t)text.len);
	return text;
}

#define EPOCH_2000_MS 946684800000

int64_t sim_args_wall_ms_at(const struct sim_call *call, int parameter, int i)
{
	return sim_args_number_at(call, parameter, i) / 1000 + EPOCH_2000_MS;
}

bool sim_args_says(const struct sim_call *call, const char *clause)
{
	return strstr(call->sql, clause) != NULL;
}

PGresult *sim_args_result(int columns)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns_of[16] = { 0 };

	for (int i = 0; i < columns; i++)
		columns_of[i] = (PGresAttDesc){ .name = "c", .format = 1 };
	if (columns > 0)
		(void)PQsetResultAttrs(result, columns, columns_of);
	return result;
}

void sim_args_put_number(PGresult *result, int row, int column, int64_t value)
{
	uint64_t big = __builtin_bswap64((uint64_t)value);
	char bytes[8];

	memcpy(bytes, &big, sizeof(bytes));
	(void)PQsetvalue(result, row, column, bytes, sizeof(bytes));
}

void sim_args_put_text(PGresult *result, int row, int column, struct sim_text text)
{
	/* libpq only reads it. */
	(void)PQsetvalue(result, row, column, (char *)text.bytes, text.bytes ? text.len : -1);
}

bool sim_args_same_text(struct sim_text a, struct sim_text b)
{
	if (!a.bytes || !b.bytes)
		return a.bytes == b.bytes;
	return a.len == b.len && memcmp(a.bytes, b.bytes, (size_t)a.len) == 0;
}

int64_t sim_args_hash(struct sim_text text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (int i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.bytes[i]) * 0x100000001b3u;
	return (int64_t)(hash >> 1);
}
