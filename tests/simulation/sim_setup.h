/*
 * What a run is about: how many services, in which mode, under which load. All from the seed.
 *
 * Threads: values only.
 */
#ifndef TESTS_SIMULATION_SIM_SETUP_H
#define TESTS_SIMULATION_SIM_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "delivery-service/work/scheduler.h"
#include "tests/simulation/sim_random.h"

#define SIM_NODES_MAX 8
#define SIM_TOPIC     "order-events"
#define SIM_STATES    "relay-states" /* of the transactions */

/* What becomes of the beginning of the topic. */
enum sim_retention {
	SIM_KEEPS_ALL,
	SIM_DELETES_READ, /* as far as it has had its effects */
	SIM_DELETES_UNREAD,
};

struct sim_setup {
	bool with_orders; /* order-services make the events; false: the feed does */
	bool keyed, in_sequence;
	bool transactional; /* the relays */
	enum sim_retention retention;
	bool recreates;   /* the topic, in use */
	bool repeats;     /* the broker keeps messages twice */
	bool grows;       /* partitions are added to the topic */
	bool looks_often; /* the relays, at who writes; else once in 2,000 rows, which are many here
			   */
	bool refuses; /* the database refuses some events, and forgets nothing (see sim_plan.c) */
	enum processing_order processing_order;
	int64_t work_ms, max_concurrency;
	int32_t partitions;
	int order_services, delivery_services;
	int64_t duration_us; /* with load and faults */
	int64_t events_per_s;
	int64_t network_slowness; /* how many times as long a packet takes */
	int64_t fault_every_us;
};

/* duration_us 0: of the seed's choice. At most most_per_s events a second; 0: as many as the seed
 * draws. */
struct sim_setup sim_setup_of(uint64_t seed, int64_t duration_us, int64_t most_per_s);

/* Whether an order's effects have to come in the order of its versions. */
bool sim_setup_is_ordered(const struct sim_setup *setup);

/* "unkeyed, enforce, transactional, order key, ..." */
void sim_setup_describe(const struct sim_setup *setup, char *text, unsigned long size);

#endif
