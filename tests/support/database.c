#include "tests/support/database.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"

static PGconn *connect_to(const char *url)
{
	const char *const names[] = { "dbname", "connect_timeout", "options", NULL };
	const char *const values[] = { url, "5", "-c statement_timeout=10s", NULL };

	return PQconnectdbParams(names, values, 1);
}

bool database_text(const char *url, const char *statement, char *text, size_t size)
{
	PGconn *connection = connect_to(url);
	PGresult *result = PQexec(connection, statement);
	bool answered = PQresultStatus(result) == PGRES_TUPLES_OK;
	bool empty = !answered || PQntuples(result) == 0;

	(void)snprintf(text, size, "%s", empty ? "" : PQgetvalue(result, 0, 0));
	PQclear(result);
	PQfinish(connection);
	return answered;
}

int64_t database_number(const char *url, const char *statement)
{
	char text[32];
	int64_t number = -1;

	if (!database_text(url, statement, text, sizeof(text)) ||
	    !parse_i64(text, strlen(text), 0, INT64_MAX, &number))
		return -1;
	return number;
}
