/*
 * A node is a process of a service: it runs, stands still for a while (SIGSTOP), or was killed; it
 * is cut off from PostgreSQL or Kafka for a while; its wall clock may be off. Its tasks are
 * coroutines: each is a loop of the service, and yields where the loop would wait.
 *
 * Invariant: a task runs only from the world's queue, so between two waits nothing else happens.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_NODE_H
#define TESTS_SIMULATION_SIM_NODE_H

#include <stdbool.h>
#include <stdint.h>

struct sim_task;

enum sim_way { SIM_TO, SIM_FROM }; /* a packet's, seen from the node */

struct sim_node {
	char name[24];
	int number;
	int life; /* goes up with each start */
	bool alive;
	int64_t stopped_until_us;                          /* stands still */
	int64_t pg_cut_until_us[2], kafka_cut_until_us[2]; /* by enum sim_way */
	int64_t wall_offset_ms;
	int64_t lost_lease_us;              /* its relay was told so; 0: it has the lease */
	struct sim_task *tasks;             /* of this life */
	void (*ended)(struct sim_node *);   /* was killed: the servers hear of it */
	void (*started)(struct sim_node *); /* makes its tasks */
};

bool sim_node_is_stopped(const struct sim_node *node);
/* Some packets do not arrive, of either way. */
bool sim_node_pg_is_cut(const struct sim_node *node);
bool sim_node_kafka_is_cut(const struct sim_node *node);
/* Those of one way do not. */
bool sim_node_is_cut(const int64_t until_us[2], enum sim_way way);

/* A new life. */
void sim_node_start(struct sim_node *node);
/* Its tasks never run again. Not from one of them. */
void sim_node_kill(struct sim_node *node);

/* Runs body(argument) as a task of the node's, from now on. */
struct sim_task *sim_node_task(struct sim_node *node, void (*body)(void *argument), void *argument);

/* Of the task that runs; NULL: none does. */
struct sim_task *sim_node_current_task(void);
struct sim_node *sim_node_current(void);

/* The task that runs waits until then, or until it is woken; and at least for what it has spent. */
void sim_node_sleep_until(int64_t at_us);
/* Ends the wait of a task, or its next one. NULL: nobody. */
void sim_node_wake(struct sim_task *task);
/* The task that runs has computed for so long: its next wait takes that longer. */
void sim_node_spend(int64_t us);

#endif
