#include "common/pg/pg_params.h"

#include <string.h>

static uint64_t to_be(uint64_t value, size_t bytes)
{
	return __builtin_bswap64(value << (8 * (8 - bytes)));
}

static void param(struct pg_params *p, const char *value, size_t len, int format)
{
	if (p->count == PG_PARAMS_MAX) {
		p->failed = true;
		return;
	}
	p->values[p->count] = value;
	p->lengths[p->count] = (int)len;
	p->formats[p->count] = format;
	p->count++;
}

static void param_integer(struct pg_params *p, uint64_t value, size_t bytes)
{
	if (p->count < PG_PARAMS_MAX)
		p->integers[p->count] = to_be(value, bytes);
	param(p, (const char *)&p->integers[p->count % PG_PARAMS_MAX], bytes, 1);
}

void pg_param_i32(struct pg_params *p, int32_t value)
{
	param_integer(p, (uint32_t)value, 4);
}

void pg_param_i64(struct pg_params *p, int64_t value)
{
	param_integer(p, (uint64_t)value, 8);
}

void pg_param_text(struct pg_params *p, const char *text)
{
	param(p, text, text ? strlen(text) : 0, 0);
}

void pg_param_array(struct pg_params *p, struct pg_array *array)
{
	if (!pg_array_finish(array) || array->len > INT32_MAX)
		p->failed = true;
	param(p, (const char *)array->data, array->len, 1);
}
