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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/config.h"
#include "common/error.h"
#include "common/parse.h"
#include "common/stop.h"
#include "lab/load/calls.h"
#include "lab/load/tally.h"

#define PORTS_MAX 64
#define NEVER_MS  100 /* how long nothing needs to be done unless something happens */

struct config {
	const char *ports, *path, *acks, *series;
	int method;
	int64_t rate, count, connections, ramp_ms, timeout_ms;
};

static const char *const methods[] = { "POST", "GET", NULL }; /* indexed by enum call_method */

static const struct config_key keys[] = {
	{ "PORTS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, ports), "8081", 0, 0, NULL,
	  "the services', on 127.0.0.1, comma separated: the calls go to them in turn" },
	{ "METHOD", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, method), "POST", 0, 0,
	  methods, "POST sends an order" },
	{ "TARGET", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, path), "/orders", 0, 0,
	  NULL, "the path that is called" },
	{ "RATE", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, rate), "5000", 0, 1000000,
	  NULL, "calls per second; 0: each user calls again when answered" },
	{ "COUNT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, count), "300000", 1,
	  100000000, NULL, "calls" },
	{ "CONNECTIONS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, connections), "500", 1,
	  30000, NULL, "at most; with RATE=0 the users" },
	{ "RAMP_MS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, ramp_ms), "0", 0, 3600000,
	  NULL, "with RATE=0: the users come one by one within this time" },
	{ "TIMEOUT_MS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, timeout_ms), "20000", 1,
	  3600000, NULL, "a call not answered by then has timed out" },
	{ "ACKS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, acks), "/dev/null", 0, 0,
	  NULL, "file to which acknowledged orders are appended, for the history checker" },
	{ "SERIES", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, series), "/dev/null", 0, 0,
	  NULL, "file that gets a line of figures each second, separated by tabs" },
};

static const struct config_program program = {
	.name = "load",
	.summary = "calls a service at a steady rate, or as so many users, and says what came back",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.manner = "Makes the calls, once, and prints a JSON object: how many were answered (2xx),\n"
		  "were errors (with their statuses) or timed out, and their times in ms.",
	.exit_status = "0 done, whatever the answers were; 1 not possible; 2 bad settings.",
};

/* A call that may be on its way; its connection is curl's to choose. */
struct lane {
	struct call call; /* first: a call that is done is its lane */
	int64_t due_us;
	struct lane *next_free;
};

struct load {
	const struct config *config;
	int64_t ports[PORTS_MAX];
	size_t port_count;
	struct calls *calls;
	struct tally *tally;
	FILE *acks;
	struct lane *lanes, *free;
	int64_t lane_count;
	int64_t start_us;
	int64_t begun; /* calls that were sent, or were due and cannot be */
	int64_t count; /* calls in all: COUNT, less after a signal */
	bool told;     /* about the first error */
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
	if (call_init(&lane->call, (enum call_method)load->config->method, err) != ST_OK)
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
		call_aim(&lane->call, load->ports[(size_t)load->begun % load->port_count], c->path,
			 left_ms);
		if (calls_send(load->calls, &lane->call, err) != ST_OK)
			return err->status;
		load->begun++;
	}
	return ST_OK;
}

static void take_error(struct load *load, CURLcode code, int status, int64_t time_us)
{
	if (code == CURLE_OPERATION_TIMEDOUT)
		tally_timed_out(load->tally, time_us);
	else
		tally_error(load->tally, status, time_us);
	if (load->told)
		return;
	load->told = true;
	(void)fprintf(stderr, "load: the first that failed: status %d, %s\n", status,
		      curl_easy_strerror(code));
}

static void take_answers(struct load *load)
{
	struct call *call;
	CURLcode code;

	while ((call = calls_done(load->calls, &code))) {
		struct lane *lane = (struct lane *)call;
		int64_t time_us = clock_mono_us() - lane->due_us;
		int status;

		if (!call_succeeded(call, code, &status)) {
			take_error(load, code, status, time_us);
		} else {
			tally_answered(load->tally, time_us);
			if (call->order_id > 0)
				(void)fprintf(load->acks, "%" PRId64 " POST %" PRId64 " 1\n",
					      clock_wall_ms(), call->order_id);
		}
		lane->next_free = load->free;
		load->free = lane;
	}
}

/* After a signal no more calls are begun. */
static void look_for_signal(struct load *load)
{
	const struct timespec now = { 0, 0 };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigtimedwait(&set, NULL, &now) > 0)
		load->count = load->begun;
}

static enum status run(struct load *load, struct error *err)
{
	load->start_us = clock_mono_us();
	tally_start(load->tally, load->start_us);
	while (tally_over(load->tally) < load->count) {
		look_for_signal(load);
		if (send_due(load, err) != ST_OK ||
		    calls_wait(load->calls, next_due_ms(load), err) != ST_OK)
			return err->status;
		take_answers(load);
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

static enum status load_open(struct load *load, struct error *err)
{
	const struct config *c = load->config;

	load->count = c->count;
	if (parse_ports(load, err) != ST_OK ||
	    tally_open(&load->tally, c->count, c->series, err) != ST_OK ||
	    calls_open(&load->calls, c->connections, err) != ST_OK)
		return err->status;
	load->lanes = calloc((size_t)c->connections, sizeof(*load->lanes));
	if (!load->lanes)
		return error_set(err, ST_INTERNAL, "out of memory");
	load->acks = fopen(c->acks, "ae");
	if (!load->acks)
		return error_set(err, ST_INVALID, "%s cannot be written", c->acks);
	return ST_OK;
}

static enum status load_close(struct load *load, struct error *err)
{
	for (int64_t i = 0; i < load->lane_count; i++)
		call_fini(&load->lanes[i].call);
	calls_close(load->calls);
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
		    json_dumpf(result, stdout, JSON_COMPACT) == 0 && puts("") != EOF;

	json_decref(result);
	return good ? ST_OK : error_set(err, ST_INTERNAL, "the result cannot be written");
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct load load = { .config = &config };
	int done = config_main(&program, argc, argv, &config);
	struct error err = { 0 };

	if (done >= 0)
		return done;
	stop_block_signals();
	if (load_open(&load, &err) == ST_OK && run(&load, &err) == ST_OK)
		(void)report(&load, &err);
	if (load_close(&load, &err) == ST_OK)
		return 0;
	(void)fprintf(stderr, "load: %s\n", err.msg);
	return 1;
}
