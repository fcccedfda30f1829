/*
 * The load generator of the labs and benchmarks.
 *
 * Open loop (RATE > 0): COUNT calls, RATE per second, whatever the answers do. A call that is due
 * goes out on a connection that is free, or on a new one, up to CONNECTIONS; its time counts from
 * when it was due, so a server that stands still for a moment is not spared the calls that it kept
 * waiting (no coordinated omission). What is not answered TIMEOUT_MS after it was due has timed
 * out, also if it never found a connection.
 *
 * Closed loop (RATE=0): CONNECTIONS users, each of whom makes the next call when the last one is
 * over, until COUNT are made.
 *
 * SIGTERM and SIGINT: no more calls; those on their way are waited for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/error.h"
#include "common/base/parse.h"
#include "common/runtime/clock.h"
#include "common/runtime/process.h"
#include "common/runtime/stop.h"
#include "tools/load/caller.h"
#include "tools/load/tally.h"

#define PORTS_MAX 64
#define NEVER_MS  100 /* how long nothing needs to be done unless something happens */

struct config {
	const char *ports, *path, *acks, *series;
	int method;
	int64_t rate, count, connections, keep, ramp_ms, timeout_ms;
	struct http_caller caller;
};

static const char *const methods[] = { "POST", "GET", NULL }; /* indexed by enum call_method */

static const struct config_key keys[] = {
	{ "PORTS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, ports), "8081", 0, 0, NULL,
	  "the services', on 127.0.0.1, comma separated: connections go to them in turn" },
	{ "METHOD", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, method), "POST", 0, 0,
	  methods, "POST sends an order" },
	{ "TARGET", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, path), "/orders", 0, 0,
	  NULL, "the path that is called" },
	{ "RATE", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, rate), "5000", 0, 1000000,
	  NULL, "calls per second; 0: each user calls again when answered" },
	{ "COUNT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, count), "300000", 1,
	  100000000, NULL, "calls" },
	{ "CONNECTIONS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, connections), "500", 1,
	  30000, NULL,
	  "at most, so RATE x time-out that nobody waits for one; with RATE=0 the users" },
	{ "KEEP", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, keep), "1", 0, 1, NULL,
	  "0: a connection ends with its call" },
	{ "RAMP_MS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, ramp_ms), "0", 0, 3600000,
	  NULL, "with RATE=0: the users come one by one within this time" },
	{ "TIMEOUT_MS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, timeout_ms), "20000", 1,
	  3600000, NULL, "a call not answered by then has timed out" },
	{ "ACKS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, acks), "/dev/null", 0, 0,
	  NULL, "file to which acknowledged orders are appended, for the history checker" },
	{ "SERIES", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, series), "/dev/null", 0, 0,
	  NULL, "file that gets a line of figures each second, separated by tabs" },
	{ 0 },
};

static const struct config_program program = {
	.name = "load",
	.summary = "calls a service at a steady rate, or as so many users, and says what came back",
	.tables =
		(const struct config_table[]){ { .keys = keys },
					       { http_caller_keys, offsetof(struct config, caller),
						 "Calls to the services", http_caller_check },
					       { 0 } },
	.manner = "Makes the calls, once, and prints a JSON object: how many were answered (2xx),\n"
		  "were errors (with their statuses) or timed out, and their times in ms.",
	.exit_status = "0 done, whatever the answers were; 1 not possible; 2 bad settings.",
};

/* A caller, and when its call was due. */
struct lane {
	struct load *load;
	struct caller *caller;
	int64_t due_us;
	struct lane *next_free;
};

struct load {
	const struct config *config;
	int64_t ports[PORTS_MAX];
	size_t port_count;
	struct call_target target;
	char authorization[sizeof("Bearer ") + HTTP_CALLER_TOKEN_SIZE];
	struct event_base *base;
	struct event *pace; /* ends a wait when the next call is due */
	struct tally *tally;
	FILE *acks;
	struct lane *lanes, *free;
	int64_t lane_count;
	int64_t start_us;
	int64_t begun; /* calls that were sent, or were due and cannot be */
	int64_t count; /* calls in all: COUNT, less after a signal */
};

/* --- which call is due --------------------------------------------------------------------- */

/* When the next call is due. In closed loop that is at once, if its user has come. */
static int64_t next_due_us(const struct load *load, int64_t now_us)
{
	const struct config *c = load->config;
	int64_t comes_us;

	if (c->rate > 0)
		return load->start_us + load->begun * 1000000 / c->rate;
	if (load->free)
		return now_us;
	comes_us = load->start_us + load->lane_count * c->ramp_ms * 1000 / c->connections;
	return comes_us > now_us ? comes_us : now_us;
}

/* Until then nothing is due, in whole ms; 0: now. */
static int next_due_ms(const struct load *load)
{
	bool all_busy = load->lane_count == load->config->connections && !load->free;
	int64_t now_us = clock_mono_us(), wait_us;

	/* Where all connections are in use, only an answer helps. */
	if (load->begun == load->count || all_busy)
		return NEVER_MS;
	wait_us = next_due_us(load, now_us) - now_us;
	if (wait_us <= 0)
		return 0;
	return wait_us / 1000 >= NEVER_MS ? NEVER_MS : (int)((wait_us + 999) / 1000);
}

/* --- calls --------------------------------------------------------------------------------- */

/* *out NULL: all connections are in use. */
static enum status free_lane(struct load *load, struct lane **out, struct error *err)
{
	struct lane *lane = load->free;

	*out = lane;
	if (lane) {
		load->free = lane->next_free;
		return ST_OK;
	}
	if (load->lane_count == load->config->connections)
		return ST_OK;
	lane = &load->lanes[load->lane_count];
	lane->load = load;
	if (caller_open(&lane->caller, load->base, &load->target,
			load->ports[(size_t)load->lane_count % load->port_count], load->lane_count,
			lane, err) != ST_OK)
		return err->status;
	load->lane_count++;
	*out = lane;
	return ST_OK;
}

/* Sends what is due, as far as there are connections. */
static enum status send_due(struct load *load, struct error *err)
{
	const struct config *c = load->config;
	int64_t now_us = clock_mono_us();

	while (load->begun < load->count) {
		int64_t due_us = next_due_us(load, now_us);
		int64_t left_ms = c->timeout_ms - (now_us - due_us) / 1000;
		struct lane *lane = NULL;

		if (due_us > now_us)
			return ST_OK;
		if (left_ms <= 0) {
			tally_unsent(load->tally, now_us - due_us);
			load->begun++;
			continue;
		}
		if (free_lane(load, &lane, err) != ST_OK)
			return err->status;
		if (!lane)
			return ST_OK;
		lane->due_us = due_us;
		if (caller_call(lane->caller, left_ms, err) != ST_OK)
			return err->status;
		load->begun++;
	}
	return ST_OK;
}

/* A caller's callback: its call has ended. */
static void take_end(void *context, const struct answer *answer)
{
	struct lane *lane = context;
	struct load *load = lane->load;
	int64_t time_us = clock_mono_us() - lane->due_us;

	switch (answer->end) {
	case CALL_ANSWERED:
		tally_answered(load->tally, time_us);
		if (answer->order_id > 0)
			(void)fprintf(load->acks, "%" PRId64 " POST %" PRId64 " 1\n",
				      clock_wall_ms(), answer->order_id);
		break;
	case CALL_ERROR:
		tally_error(load->tally, answer->status, time_us);
		break;
	case CALL_TIMED_OUT:
		tally_timed_out(load->tally, time_us);
		break;
	}
	lane->next_free = load->free;
	load->free = lane;
}

/* After a signal no more calls are begun. */
static void look_for_signal(struct load *load)
{
	if (stop_wait(0) > 0)
		load->count = load->begun;
}

/* libevent's callback: its only use is that the wait is over. */
static void wake(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	(void)context;
}

/* Until something has happened, at the latest when the next call is due. */
static enum status wait_for_events(struct load *load, struct error *err)
{
	const struct timeval due = { 0, next_due_ms(load) * 1000 };

	if (evtimer_add(load->pace, &due) != 0 || event_base_loop(load->base, EVLOOP_ONCE) != 0)
		return error_set(err, ST_INTERNAL, "libevent failed");
	return ST_OK;
}

static enum status run(struct load *load, struct error *err)
{
	load->start_us = clock_mono_us();
	tally_start(load->tally, load->start_us);
	while (tally_over(load->tally) < load->count) {
		look_for_signal(load);
		if (send_due(load, err) != ST_OK || wait_for_events(load, err) != ST_OK)
			return err->status;
		tally_tick(load->tally, clock_mono_us());
	}
	return ST_OK;
}

/* --- start and end ------------------------------------------------------------------------- */

static enum status parse_ports(struct load *load, struct error *err)
{
	const char *at = load->config->ports;

	while (true) {
		size_t len = strcspn(at, ",");

		if (load->port_count == PORTS_MAX ||
		    !parse_i64(at, len, 1, 65535, &load->ports[load->port_count]))
			return error_set(err, ST_INVALID,
					 "PORTS='%s': 1 to %d port numbers, comma separated",
					 load->config->ports, PORTS_MAX);
		load->port_count++;
		if (at[len] == '\0')
			return ST_OK;
		at += len + 1;
	}
}

/* Who calls, and whom it trusts. */
static enum status set_caller(struct load *load, struct error *err)
{
	char token[HTTP_CALLER_TOKEN_SIZE];

	if (http_caller_token(&load->config->caller, token, err) != ST_OK)
		return err->status;
	if (token[0])
		(void)snprintf(load->authorization, sizeof(load->authorization), "Bearer %s",
			       token);
	load->target.authorization = load->authorization;
	return caller_tls_open(&load->target.tls, &load->config->caller, err);
}

static enum status load_open(struct load *load, struct error *err)
{
	const struct config *c = load->config;

	load->count = c->count;
	load->target = (struct call_target){ (enum call_method)c->method, c->path,
					     .keep = c->keep == 1, .done = take_end };
	if (parse_ports(load, err) != ST_OK || set_caller(load, err) != ST_OK ||
	    tally_open(&load->tally, c->count, c->series, err) != ST_OK)
		return err->status;
	load->lanes = calloc((size_t)c->connections, sizeof(*load->lanes));
	load->base = event_base_new();
	load->pace = load->base ? evtimer_new(load->base, wake, NULL) : NULL;
	if (!load->lanes || !load->pace)
		return error_set(err, ST_INTERNAL, "out of memory");
	load->acks = fopen(c->acks, "ae");
	if (!load->acks)
		return error_set(err, ST_INVALID, "%s cannot be written", c->acks);
	return ST_OK;
}

static enum status load_close(struct load *load, struct error *err)
{
	for (int64_t i = 0; i < load->lane_count; i++)
		caller_close(load->lanes[i].caller);
	if (load->pace)
		event_free(load->pace);
	if (load->base)
		event_base_free(load->base);
	caller_tls_close(load->target.tls);
	tally_close(load->tally);
	free(load->lanes);
	if (load->acks && fclose(load->acks) != 0 && err->status == ST_OK)
		return error_set(err, ST_UNAVAILABLE, "%s cannot be written", load->config->acks);
	return err->status;
}

static enum status report(struct load *load, struct error *err)
{
	json_t *result = tally_result(load->tally, clock_mono_us());
	bool good = result &&
		    json_object_set_new(result, "connections", json_integer(load->lane_count)) ==
			    0 &&
		    json_dumpf(result, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0 &&
		    puts("") != EOF;

	json_decref(result);
	return good ? ST_OK : error_set(err, ST_INTERNAL, "the result cannot be written");
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct load load = { .config = &config };
	int done;
	struct error err = { 0 };

	process_prepare();
	done = config_main(&program, argc, argv, &config);
	if (done >= 0)
		return done;
	stop_block_signals();
	if (load_open(&load, &err) == ST_OK && run(&load, &err) == ST_OK)
		(void)report(&load, &err);
	if (load_close(&load, &err) == ST_OK)
		return 0;
	(void)fprintf(stderr, "load: %s\n", err.msg);
	return err.status == ST_INVALID ? 2 : 1;
}
