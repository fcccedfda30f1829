#include "tests/support/database.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/runtime/clock.h"

#define ANSWER_MS 15000 /* the server ends a statement after 10 s */

static PGconn *connect_to(const char *url)
{
	const char *const names[] = { "dbname", "connect_timeout", "options", NULL };
	const char *const values[] = { url, "5", "-c statement_timeout=10s", NULL };

	return PQconnectdbParams(names, values, 1);
}

/* The last result of the statement; NULL: none within ANSWER_MS (a server may be stopped, with its
 * connections open). */
static PGresult *answer(PGconn *connection, const char *statement)
{
	int64_t end_mono_ms = clock_mono_ms() + ANSWER_MS, left_ms;
	PGresult *last = NULL, *next;

	if (PQstatus(connection) != CONNECTION_OK || !PQsendQuery(connection, statement))
		return NULL;
	while (PQisBusy(connection)) {
		struct pollfd socket = { .fd = PQsocket(connection), .events = POLLIN };

		left_ms = end_mono_ms - clock_mono_ms();
		if (left_ms <= 0 || poll(&socket, 1, (int)left_ms) < 0 ||
		    !PQconsumeInput(connection))
			return NULL;
	}
	while (!PQisBusy(connection) && (next = PQgetResult(connection))) {
		PQclear(last);
		last = next;
	}
	return last;
}

bool database_text(const char *url, const char *statement, char *text, size_t size)
{
	PGconn *connection = connect_to(url);
	PGresult *result = answer(connection, statement);
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

bool database_do(const char *url, const char *statement)
{
	PGconn *connection = connect_to(url);
	PGresult *result = answer(connection, statement);
	ExecStatusType status = PQresultStatus(result);

	PQclear(result);
	PQfinish(connection);
	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}
