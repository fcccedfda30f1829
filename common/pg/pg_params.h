/*
 * The parameters of one statement, in PostgreSQL's binary format. Pure: bytes only, no libpq.
 *
 * Threads: one owner.
 */
#ifndef COMMON_PG_PG_PARAMS_H
#define COMMON_PG_PG_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pg/pg_array.h"

#define PG_PARAMS_MAX 16

/* Parameters of one call. Pointers are borrowed until pg_run returns. */
struct pg_params {
	int count;
	const char *values[PG_PARAMS_MAX];
	int lengths[PG_PARAMS_MAX];
	int formats[PG_PARAMS_MAX];
	uint64_t integers[PG_PARAMS_MAX]; /* in network order */
	bool failed;                      /* too many, or an array without memory */
};

void pg_param_i32(struct pg_params *p, int32_t value);
void pg_param_i64(struct pg_params *p, int64_t value);
void pg_param_text(struct pg_params *p, const char *text); /* NULL: an SQL null */
void pg_param_array(struct pg_params *p, struct pg_array *array);

#endif
