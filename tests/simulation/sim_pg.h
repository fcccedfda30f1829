/*
 * The simulated common/pg/pg.h: the client's end of a session. What the server does is in
 * sim_server.h.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_PG_H
#define TESTS_SIMULATION_SIM_PG_H

#include "common/pg/pg.h"
#include "tests/simulation/sim_args.h"
#include "tests/simulation/sim_server.h"

/* The answer to a round trip. */
struct sim_pg_answer {
	struct sim_session *session;
	PGresult *results[24]; /* owned */
	int count;
	struct error error;
	bool begun;      /* a transaction is open now */
	bool ends;       /* the session, with this answer */
	bool lost_lease; /* another relay has it */
};

void sim_pg_answered(struct pg *pg, struct sim_pg_answer *answer);
/* The session has ended; the client sees it when the network lets it. */
void sim_pg_lost(struct pg *pg, struct sim_session *session);
void sim_pg_notified(struct pg *pg, struct sim_session *session);

/* Whether what pg_socket gave has something to read. */
bool sim_pg_readable(int socket);

#endif
