/*
 * What the services' statements do, each by its name in the tables of statements.
 *
 * A statement that is blocked has changed nothing but locks, and is tried again from its
 * beginning. Clauses that a guarantee hangs on are looked for in the statement's own text.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_SQL_H
#define TESTS_SIMULATION_SIM_SQL_H

#include "tests/simulation/sim_server.h"

#define SIM_REFUSED "REFUSED" /* a product that the database takes nothing of */

/* *out is written on ST_OK. What is neither that nor SIM_BLOCKED stands in session->error. */
typedef enum status sim_sql_run(struct sim_session *session, const struct sim_call *call,
				PGresult **out);

struct sim_sql {
	const char *name;
	sim_sql_run *run;
};

/* Tables end with one without a name. */
extern const struct sim_sql sim_sql_delivery[];
extern const struct sim_sql sim_sql_load[];
extern const struct sim_sql sim_sql_save[];
extern const struct sim_sql sim_sql_relay[];
extern const struct sim_sql sim_sql_orders[];

/* Runs it; a statement without a model is a violation. */
enum status sim_sql_execute(struct sim_session *session, const struct sim_call *call,
			    PGresult **out);

/* For the statements. */
struct sim_table *sim_sql_table(struct sim_session *session, enum sim_table_name name);
const struct sim_value *sim_sql_see(struct sim_session *session, enum sim_table_name name,
				    int64_t a, int64_t b, int64_t c);
/* The lock of a unique key's row that is to be inserted. ST_CONFLICT: it is there already. */
enum status sim_sql_lock_new(struct sim_session *session, enum sim_table_name name,
			     struct sim_row *row);
/* Into a row of a unique key, which is locked. ST_CONFLICT: it is there already. */
enum status sim_sql_insert(struct sim_session *session, struct sim_row *row,
			   const struct sim_value *value);

#endif
