/*
 * The simulated PostgreSQL server: its databases (one a service's schema), its sessions, their
 * transactions, row and advisory locks, and the faults that it has. What a statement does stands in
 * sim_sql_*.c, by the statement's name.
 *
 * A session executes what it was sent, in order, whatever becomes of the client meanwhile: so a
 * commit whose client died, or lost the connection, may have been done.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_SERVER_H
#define TESTS_SIMULATION_SIM_SERVER_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "common/base/error.h"
#include "common/pg/pg.h"
#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_table.h"

enum sim_table_name {
	T_POSITION, /* (partition): next, epoch; owner */
	T_RANGE,    /* (partition, first): end */
	T_DELIVERY, /* (order): id, version, content; status */
	T_HISTORY,  /* (order, version, serial if 0): partition, offset, content, number */
	T_PLAIN,    /* (partition, offset) */
	T_PARKED,   /* (order, version): partition, offset, received, parked, serial; event, payload
		     */
	T_GIVEN_UP, /* (order, version) */
	T_OUTBOX,   /* (id): created; topic, key, type, headers, payload */
	T_OUTBOX_DEAD, /* (id): the same, and the reason */
	T_LEASE,       /* (1): pid, heartbeat, low id; holder */
	T_ORDERS,      /* (id): version, qty, customer, fingerprint; status, product, name, ... */
	T_ORDER_KEYS,  /* (hash of an idempotency key): id */
	T_COUNT
};

/* Q_PARKED: in which order events were parked. */
enum sim_sequence {
	Q_DELIVERY,
	Q_HISTORY,
	Q_OUTBOX,
	Q_ORDERS,
	Q_COMMIT_POSITION,
	Q_PARKED,
	Q_COUNT
};

struct sim_touched {
	enum sim_table_name table;
	struct sim_row *row;
};

struct sim_database {
	const char *schema;
	struct sim_table tables[T_COUNT];
	int64_t sequences[Q_COUNT];
	struct sim_lock *locks; /* advisory */
	bool judged;            /* its relays are services': what they may do is judged */
	struct sim_past *past;  /* what the commits of the last time have changed */
	uint64_t commits;       /* so far */
	/* Called when a transaction commits, with both versions of its rows still there. */
	void (*committing)(struct sim_database *, const struct sim_session *);
	/* A row's change is forgotten: the row is as before. was: what it was until then. */
	void (*forgotten)(struct sim_database *, enum sim_table_name, struct sim_row *row,
			  const struct sim_value *was);
};

/* A statement of a round trip, a sync, or what ends the session. */
enum sim_call_kind { CALL_STATEMENT, CALL_SYNC, CALL_TERMINATE };

struct sim_call {
	struct sim_call *next;
	enum sim_call_kind kind;
	uint64_t number;        /* no two have the same */
	const char *name, *sql; /* borrowed from the tables of statements */
	struct sim_text params[16];
	int formats[16];
	int count;
};

struct sim_session {
	struct sim_session *next;
	int pid;
	struct sim_database *database;
	struct sim_node *node;
	int life; /* of the node, when it began */
	const char *application;
	struct pg *client; /* NULL: it is gone */
	bool ended;
	bool loses_answer;  /* of its next commit, and ends with it */
	bool begun, failed; /* the transaction */
	bool committed;     /* something, in this round trip */
	struct error error; /* of the round trip: the first */
	bool ends;          /* with the answer, after an error */
	struct sim_touched *touched;
	size_t touched_count, touched_capacity;
	struct sim_call *calls, **calls_end;
	PGresult *results[24];
	int result_count;
	const struct sim_session *blocked_by; /* of the first call */
	int64_t blocked_since_us, began_us;
	int64_t last_arrival_us, last_answer_us; /* the connection keeps the order */
	bool pumping;                            /* it will go on by itself */
	bool cancelled;
	bool hangs;      /* its commit: it is done, and nobody sees it */
	bool lost_lease; /* the answer says that another relay has it */
	bool listens;
	bool sleeps;           /* has the outbox's lock to itself, beyond transactions */
	bool shares;           /* has a share of it, until the end of the transaction */
	bool notifies;         /* with the commit */
	uint64_t transactions; /* that have ended */
	uint64_t snapshot;     /* commits that the statement sees, however long it waits */
};

/* NULL: none of that schema. */
struct sim_database *sim_server_database(const char *schema);

/* --- for the client ------------------------------------------------------------------------ */

bool sim_server_is_up(void);
struct sim_session *sim_server_connect(struct sim_node *node, const char *schema,
				       const char *application, struct pg *client);
/* Takes call, which arrives after the network's delay. */
void sim_server_send(struct sim_session *session, struct sim_call *call);
/* A cancel, and the end of the session after it. */
void sim_server_cancel(struct sim_session *session);
/* The node has died: its sessions end after what was sent. */
void sim_server_node_died(struct sim_node *node);

/* Of the network, one way, and executing what has arrived. */
int64_t sim_server_delay_us(void);
void sim_server_pump_at(struct sim_session *session, int64_t at_us);

/* --- for the statements -------------------------------------------------------------------- */

#define SIM_BLOCKED ((enum status)100) /* another session has what is to be locked */

/* Locks the row for a write of session's; SIM_BLOCKED: another has it. */
enum status sim_server_lock_row(struct sim_session *session, enum sim_table_name table,
				struct sim_row *row);
/* Writes a row that is locked. NULL: deletes it. */
void sim_server_write(struct sim_row *row, const struct sim_value *value);
/* Likewise, of a row that nobody locks, and at once: what a judge notes, or an operator does. */
void sim_server_write_now(struct sim_row *row, const struct sim_value *value);
/* Until the end of the transaction. */
enum status sim_server_lock(struct sim_session *session, int64_t number);
/* The outbox's advisory lock: for who sleeps, and for who writes. False: it is not to be had. */
bool sim_server_lock_sleep(struct sim_session *session);
bool sim_server_share_sleep(struct sim_session *session);
int64_t sim_server_draw(struct sim_session *session, enum sim_sequence sequence);
/* Ends the session at once. */
void sim_server_terminate(struct sim_session *session);
/* The first of those that have not ended; the others by next. */
struct sim_session *sim_server_sessions(void);
struct sim_session *sim_server_session(int pid); /* NULL: there is none */

/* --- for the sessions ---------------------------------------------------------------------- */

/* What the round trip has, with the first error; a commit's may be lost, and the session with it.
 */
void sim_server_answer(struct sim_session *session);
bool sim_server_is_read_only(void);
bool sim_server_pauses(void); /* sessions between two statements */
int64_t sim_server_hangs_until_us(void);

/* --- transactions ---------------------------------------------------------------------------- */

void sim_server_commit(struct sim_session *session);
void sim_server_abort(struct sim_session *session);
/* Keeps what the commit of session changes; before the change. */
void sim_database_remember(struct sim_database *database, const struct sim_session *session);
/* Undoes what was committed since then. False: nothing was. */
bool sim_database_forget(struct sim_database *database, int64_t since_us);
/* Somebody has let go of locks: whoever waits tries again. */
void sim_server_retry_blocked(void);

/* --- faults -------------------------------------------------------------------------------- */

/* All sessions end; none begins before that time. */
void sim_server_restart(int64_t down_until_us);
/* Likewise; and the database (NULL: none) forgets the commits of the last time, as a standby that
 * had not got them. */
void sim_server_fail_over(struct sim_database *database, int64_t lost_us, int64_t down_until_us);
bool sim_server_has_forgotten(void);
/* Sessions stand still between two statements, some for long, until that time. */
void sim_server_pause(int64_t until_us);
/* Writes are refused until that time, and end the session. */
void sim_server_read_only(int64_t until_us);
/* Packets take so many times as long. */
void sim_server_slow_down(int64_t times);
/* Commits are done, and not told before that time. */
void sim_server_hang_commits(int64_t until_us);
/* So many more of the node's next commits lose their answer, and the session with it. At most 20
 * are due at once. */
void sim_server_lose_answers(struct sim_node *node, int count);
/* The node's sessions are broken off now. */
void sim_server_break_sessions(struct sim_node *node);

#endif
