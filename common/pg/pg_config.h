/*
 * What a database session is made of, and what its url may say. What the url asks for holds:
 * options and the settings of TCP over ours, application_name before ours, and with several hosts
 * target_session_attrs, which is read-write without it. Refused is what the code cannot work with.
 *
 * Threads: any.
 */
#ifndef COMMON_PG_PG_CONFIG_H
#define COMMON_PG_PG_CONFIG_H

#include "common/base/error.h"

/* A table of statements is an array that ends with one without a name. */
struct pg_statement {
	const char *name;
	const char *sql;
};

struct pg_config {
	const char *url;
	const char *application; /* the session's name in pg_stat_activity */
	const char *schema;      /* where the statements' tables are; NULL: as the role has it */
	const struct pg_statement *const *tables; /* ends with NULL; no name occurs twice */
};

#define PG_APPLICATION_SIZE 64 /* PostgreSQL's own limit */

struct pg_url {
	char application[PG_APPLICATION_SIZE]; /* the url's, if it has one, and the config's */
	const char *session_attrs;             /* for several hosts; NULL: libpq's own */
};

/* ST_INVALID: the url is none, or asks for what cannot be. No text of it is in err. */
MUST_CHECK enum status pg_config_url(const struct pg_config *config, struct pg_url *out,
				     struct error *err);

#endif
