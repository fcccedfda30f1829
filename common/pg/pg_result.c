#include "common/pg/pg_result.h"

#include <string.h>

#include "common/base/parse.h"

int64_t pg_i64(const PGresult *result, int row, int column)
{
	const unsigned char *bytes = (const unsigned char *)PQgetvalue(result, row, column);
	int len = PQgetlength(result, row, column);
	uint64_t value = len > 0 && (bytes[0] & 0x80) ? UINT64_MAX : 0;

	for (int i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return (int64_t)value;
}

const char *pg_text(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

int64_t pg_affected(PGresult *result)
{
	const char *text = PQcmdTuples(result);
	int64_t n = 0;

	return parse_i64(text, strlen(text), 0, INT64_MAX, &n) ? n : 0;
}
