#include "tests/compose/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/http_client.h"
#include "tools/order-clients/clients.h"

#define CLIENTS   8
#define RATE      100
#define SEEDS     32768
#define FLOW_S    60
#define ACKS_FILE "acks.txt"

struct load {
	struct clients *clients; /* NULL: they did not open */
	FILE *log;
	int ports[CALLER_SERVERS_MAX];
};

static enum status open_clients(struct run *run, size_t port_count, struct error *err)
{
	struct load *load = run->load;
	const struct clients_config config = { .seed = time(NULL) % SEEDS,
					       .count = CLIENTS,
					       .rate = RATE,
					       .ports = load->ports,
					       .port_count = port_count,
					       .acks = run_path(run, ACKS_FILE),
					       .log = load->log };

	(void)unlink(config.acks);
	if (clients_open(&load->clients, &config, err) != ST_OK)
		return err->status;
	return clients_start(load->clients, err);
}

enum status load_begin(struct run *run, const int *ports, size_t port_count, struct error *err)
{
	struct load *load = calloc(1, sizeof(*load));

	if (!load || port_count > CALLER_SERVERS_MAX ||
	    !(load->log = fopen(run_path(run, "log/clients.log"), "we"))) {
		free(load);
		return error_set(err, ST_INTERNAL, "the clients cannot be prepared");
	}
	for (size_t i = 0; i < port_count; i++)
		load->ports[i] = ports[i];
	run->load = load;
	if (open_clients(run, port_count, err) != ST_OK)
		return err->status;
	return load_flows(run, 100, err);
}

enum status load_flows(struct run *run, int64_t count, struct error *err)
{
	struct clients *clients = run->load->clients;
	int64_t wanted = clients_counts(clients).acknowledged + count;

	if (run_holds_within(run, FLOW_S, clients_counts(clients).acknowledged >= wanted))
		return ST_OK;
	return error_set(err, ST_TIMEOUT,
			 "no load gets through: timed out after %d s waiting until %" PRId64
			 " more operations are acknowledged; see %.80s",
			 FLOW_S, count, run_path(run, "log/clients.log"));
}

static void expect_verdict(struct run *run, bool holds)
{
	const json_t *report = arena_json(json_loads(run->answer, 0, NULL));
	const json_t *counts = json_object_get(report, "counts");

	run_expect(run, holds,
		   "the checker finds nothing: %" PRId64 " Order* events, %" PRId64
		   " effects, %" PRId64 " Delivery* events",
		   json_number(counts, "order_events"), json_number(counts, "effects"),
		   json_number(counts, "delivery_events"));
}

enum status load_expect_history(struct run *run, load_checker *check, struct error *err)
{
	struct tally_counts counts;

	clients_stop(run->load->clients, CLIENT_FINISH);
	clients_print_counts(run->load->clients, "result", run->load->log);
	counts = clients_counts(run->load->clients);
	load_close(run);
	run->answer = counts.first_violation;
	run_expect(run, counts.violations == 0,
		   "every answer was as it must be: %" PRId64 " operations, %" PRId64
		   " calls repeated, longest pause %" PRId64 " ms",
		   counts.acknowledged, counts.retries, counts.longest_pause_ms);
	expect_verdict(run, check(run, run_path(run, ACKS_FILE)));
	return run_is_interrupted(run) ? error_set(err, ST_UNAVAILABLE, "interrupted") : ST_OK;
}

void load_close(struct run *run)
{
	struct load *load = run->load;

	if (!load)
		return;
	run->load = NULL;
	if (load->clients) {
		clients_stop(load->clients, CLIENT_ABANDON);
		clients_close(load->clients);
	}
	(void)fclose(load->log);
	free(load);
}
