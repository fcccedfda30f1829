/*
 * The faults of a run: what happens, when, to whom. A plan comes from the seed alone, so that any
 * part of it can be left out (shrinking) without changing the rest.
 *
 * Threads: values only.
 */
#ifndef TESTS_SIMULATION_SIM_PLAN_H
#define TESTS_SIMULATION_SIM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_setup.h"

enum sim_fault_kind {
	FAULT_KILL,       /* and start again after ms */
	FAULT_STOP,       /* the process stands still for ms, as by SIGSTOP */
	FAULT_END,        /* a clean stop, and a start after it */
	FAULT_KAFKA_CUT,  /* no packet between the process and Kafka for ms */
	FAULT_PG_CUT,     /* nor between it and PostgreSQL */
	FAULT_KAFKA_TO,   /* those to it do not arrive, those from it do */
	FAULT_KAFKA_FROM, /* the other way round */
	FAULT_PG_TO,      /* likewise */
	FAULT_PG_FROM,    /* likewise */
	FAULT_LOSE,       /* the answers to its next commits are lost */
	FAULT_BREAK,      /* its sessions are broken off */
	FAULT_MOVE,       /* a partition moves to another member */
	FAULT_PG_RESTART, /* all sessions end, none begins for ms */
	FAULT_FAIL_OVER,  /* likewise; the deliveries' database forgets its latest commits */
	FAULT_READ_ONLY,  /* PostgreSQL takes no writes for ms */
	FAULT_PAUSES,     /* its sessions stand still between statements, for ms */
	FAULT_HANG,       /* commits hang for ms */
	FAULT_CLOCK,      /* its wall clock jumps */
	FAULT_ACK_LOST,   /* the producer's messages of ms arrive, and it does not hear of it */
	FAULT_REFUSE,     /* the broker refuses, to be retried, for ms */
	FAULT_FULL,       /* the producer's queue takes some messages only, for ms */
	FAULT_DENY,       /* the broker refuses one message permanently */
	FAULT_STATE,      /* the producer loses its state */
	FAULT_GONE,       /* one of several nodes is gone for ever: see sim_plan_do */
	FAULT_GROW,       /* ms partitions are added to the topic */
	FAULT_DELETE,     /* the topic's beginning is deleted: ms per mille of it */
	FAULT_DELETE_ALL, /* likewise, and of what nobody has read */
	FAULT_RECREATE,   /* the topic is deleted, and re-created after ms */
	FAULT_REPEAT,     /* ms messages of each partition are kept twice */
	FAULT_COUNT
};

struct sim_fault {
	int64_t at_us, ms;
	enum sim_fault_kind kind;
	int node; /* its number */
};

struct sim_plan {
	struct sim_fault *faults; /* owned */
	size_t count;
};

struct sim_plan sim_plan_of(uint64_t seed, const struct sim_setup *setup);
void sim_plan_describe(const struct sim_fault *fault, char *text, unsigned long size);

/* Does it now. */
void sim_plan_do(const struct sim_fault *fault, struct sim_node *nodes, int node_count);

#endif
