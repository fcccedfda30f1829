/*
 * A run: the settings, the clients, what shall run, and whether somebody wants it to end early.
 *
 * Threads: main, a thread for each fault in progress, and one that waits for signals. What is not
 * guarded is set before the threads start.
 */
#ifndef TESTS_FAULTS_RUN_H
#define TESTS_FAULTS_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "tests/faults/counters.h"
#include "tests/faults/journal.h"
#include "tests/faults/links.h"
#include "tests/faults/settings.h"
#include "tools/order-clients/clients.h"

#define RUN_PATH_SIZE 4096

/* The database has gone back: what the clients were told until then holds no more. */
struct rewind {
	atomic_bool happened;
	_Atomic int64_t acks_size; /* of acks.txt then: what follows must hold */
};

struct run {
	const struct settings *settings;
	struct journal journal;
	struct counters counters;
	struct clients *clients; /* NULL: none yet */
	FILE *clients_log;
	bool own_mounts;     /* see world.h */
	bool own_network;    /* see world.h */
	struct links *links; /* NULL: the services reach their servers directly */

	atomic_bool interrupted; /* by a signal */
	struct rewind rewind;
	atomic_bool load_over;                    /* no operation has to come any more */
	_Atomic int replicas;                     /* of delivery-service that shall run */
	_Atomic int64_t parked_most, ranges_most; /* at once, when looked at */
	_Atomic int64_t produced_again;           /* messages */

	/* Of main, after the last fault: */
	int64_t longest_standstill_ms; /* of any work */
	int64_t sessions_most;         /* of the services in PostgreSQL, when looked at */
	int64_t whole_ms;              /* until all was whole; -1: it was not */
};

/* The path of a file of the run. */
const char *run_path(const struct run *run, const char *name, char path[RUN_PATH_SIZE]);

/* Waits so long, or until the run is interrupted. */
void run_pause(const struct run *run, int64_t ms);

/* A fault has happened: counted, on the screen and in the log. kind: its row of the table. */
void run_fault(struct run *run, size_t kind, const char *name, const char *text);

#endif
