#include "common/pg/pg_config.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/parse.h"

#define CONNECT_TIMEOUT_MAX_S 10 /* what waits for a connection has a bound of its own */

/* The value of a keyword of the url; NULL without it. */
static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
	for (const PQconninfoOption *o = options; o->keyword; o++) {
		if (strcmp(o->keyword, keyword) == 0)
			return o->val && o->val[0] ? o->val : NULL;
	}
	return NULL;
}

static bool is_utf8(const char *encoding)
{
	return strcasecmp(encoding, "utf8") == 0 || strcasecmp(encoding, "utf-8") == 0;
}

static enum status check(const PQconninfoOption *options, struct error *err)
{
	const char *encoding = value_of(options, "client_encoding");
	const char *timeout = value_of(options, "connect_timeout");
	int64_t seconds;

	if (encoding && !is_utf8(encoding))
		return error_set(err, ST_INVALID,
				 "client_encoding=%.20s in the database's URL: "
				 "only UTF8 is possible, leave it out",
				 encoding);
	if (timeout && !parse_i64(timeout, strlen(timeout), 1, CONNECT_TIMEOUT_MAX_S, &seconds))
		return error_set(err, ST_INVALID,
				 "connect_timeout=%.20s in the database's URL: "
				 "it must be 1 to %d",
				 timeout, CONNECT_TIMEOUT_MAX_S);
	return ST_OK;
}

static bool several(const char *hosts)
{
	return hosts && strchr(hosts, ',');
}

static void read_options(const PQconninfoOption *options, const char *application,
			 struct pg_url *out)
{
	const char *name = value_of(options, "application_name");
	const int room = PG_APPLICATION_SIZE - 1 - (int)strlen(application) - 1;

	(void)snprintf(out->application, sizeof(out->application), "%.*s%s%s", room,
		       name ? name : "", name ? " " : "", application);
	out->session_attrs = NULL;
	if ((several(value_of(options, "host")) || several(value_of(options, "hostaddr"))) &&
	    !value_of(options, "target_session_attrs"))
		out->session_attrs = "read-write";
}

enum status pg_config_url(const struct pg_config *config, struct pg_url *out, struct error *err)
{
	PQconninfoOption *options = PQconninfoParse(config->url, NULL);
	enum status st;

	/* What libpq says of it may hold the password. */
	if (!options)
		return error_set(err, ST_INVALID, "the database's URL is not one that libpq takes");
	st = check(options, err);
	if (st == ST_OK)
		read_options(options, config->application, out);
	PQconninfoFree(options);
	return st;
}
