/*
 * What the environment says about a run, and what its mode says for the stack: see --help.
 *
 * Threads: start-up only; read-only afterwards.
 */
#ifndef TESTS_FAULTS_SETTINGS_H
#define TESTS_FAULTS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/config.h"
#include "tests/faults/plan.h"

#define DURATION_MAX_S    86400
#define CONTROLLER_OFFSET 1 /* of a broker's port as a controller from its own */

enum faults_mode { MODE_KEYED, MODE_UNKEYED, MODE_GROWING };
enum faults_order { ORDER_PARTITION, ORDER_KEY, ORDER_UNORDERED };

struct settings {
	int64_t seed, duration_s, clients, rate;
	int mode;   /* enum faults_mode */
	int order;  /* enum faults_order */
	int family; /* enum family; FAMILY_COUNT: all */
	int brokers_choice;
	int transactional; /* RELAY: 1: no event may be on the topic twice */
	int64_t delivery_delay_ms, max_concurrency;
	int64_t order_port, delivery_port, kafka_port, pg_port;
	int64_t first_port; /* of many runs */
	const char *topic, *run_dir, *build_dir;

	/* What follows from them: */
	int brokers;
	unsigned families; /* bit i: family i */
	bool resequencing; /* SEQUENCING=enforce */
	int growth[3];     /* numbers of partitions that the topic gets */
	size_t growth_count;
	char kafka[100];         /* addresses of all brokers */
	char database_url[100];  /* as the owner of the tables */
	int64_t front_port;      /* where the services, or their proxies, find PostgreSQL */
	int order_ports[ORDERS]; /* of the order-services */
};

extern const struct config_program settings_program;

/* Fills in what follows; the keys are loaded. */
void settings_derive(struct settings *settings);

struct plan_conditions settings_conditions(const struct settings *settings);

const char *settings_family_name(const struct settings *settings);
const char *settings_mode_name(const struct settings *settings);
const char *settings_order_name(const struct settings *settings);

/* Proxies are between the services and their servers: see links.h. */
bool settings_has_links(const struct settings *settings);

/* pgbouncer is between the services and PostgreSQL. */
bool settings_has_pooler(const struct settings *settings);

/* The servers' disks fail, or are full. */
bool settings_has_disks(const struct settings *settings);

/* The port of a service; 0: the part is none. */
int settings_service_port(const struct settings *settings, enum part part);

/* The parts that shall run. replicas: of delivery-service. */
part_set settings_services(int replicas);
part_set settings_servers(const struct settings *settings);

/* Puts into the environment what the stack's scripts, the services and the history checker read. */
void settings_export(const struct settings *settings);

#endif
