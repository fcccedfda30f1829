/*
 * The sessions of a run: who has which statements, and what one does next.
 *
 * Threads: one.
 */
#ifndef TESTS_DIFFERENTIAL_DIF_SESSION_H
#define TESTS_DIFFERENTIAL_DIF_SESSION_H

#include "tests/differential/dif_statement.h"

enum dif_role { DIF_DELIVERY, DIF_DELIVERY_RELAY, DIF_ORDERS, DIF_ORDERS_RELAY };

struct dif_session {
	enum dif_role role;
	struct dif_caller caller;
	struct pg *pg;
	bool busy; /* its calls wait for a lock */
	bool loses_answer;
	struct dif_step step; /* while it is busy */
};

#define DIF_SESSIONS 8

void dif_session_open_all(struct dif_session sessions[DIF_SESSIONS]);
bool dif_session_is_relay(const struct dif_session *session);
const char *dif_session_schema(const struct dif_session *session);

/* What it does next. yields: somebody waits for what it has locked, so it mostly ends its
 * transaction. */
void dif_session_choose(struct dif_session *session, bool yields, struct sim_random *random);

#endif
