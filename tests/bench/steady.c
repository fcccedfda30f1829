/*
 * A steady load: POST /orders at exactly RATE per second, COUNT in all, whatever the answers do.
 * A request that is due goes out on a connection that is free, or on a new one, up to CONNECTIONS;
 * its time counts from when it was due, so a server that stands still for a moment is not spared
 * the requests that it kept waiting (no coordinated omission). Prints
 *   <answers 201> <errors> <p50, us> <p99, us> <longest, us> <connections> <seconds taken, ms>
 * and appends what was promised to ACKS, as the history checker reads it.
 * Exit status: 0; 1 not possible; 2 bad settings. Errors are a result, not a failure.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/config.h"
#include "common/error.h"
#include "tests/bench/placing.h"

struct config {
	int64_t port, rate, count, connections;
	const char *acks;
};

static const struct config_key keys[] = {
	{ "PORT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, port), "8081", 1, 65535, NULL,
	  "order-service's, on 127.0.0.1" },
	{ "RATE", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, rate), "5000", 1, 1000000,
	  NULL, "requests per second" },
	{ "COUNT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, count), "300000", 1,
	  100000000, NULL, "requests" },
	{ "CONNECTIONS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, connections), "500", 1,
	  10000, NULL, "at most; what is due then waits for one" },
	{ "ACKS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, acks), "/dev/null", 0, 0,
	  NULL, "file to which acknowledged orders are appended" },
};

static const struct config_program program = {
	.name = "bench-steady",
	.summary = "orders at a steady rate, with the times that a caller would see",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.manner = "Places the orders, once.",
	.exit_status = "0 done, 1 not possible, 2 bad settings.",
};

/* A call that may be on its way; its connection is curl's to choose. */
struct lane {
	struct placing placing;
	int64_t due_us;
	struct lane *next_free;
};

struct load {
	const struct config *config;
	CURLM *multi;
	FILE *acks;
	struct lane *lanes, *free;
	int64_t lane_count;
	int64_t *times_us; /* of each answer 201 */
	int64_t start_us, sent, good, errors;
};

/* --- requests ------------------------------------------------------------------------------ */

/* NULL: all connections are in use. */
static struct lane *free_lane(struct load *load)
{
	struct lane *lane = load->free;
	struct error err;

	if (lane) {
		load->free = lane->next_free;
		return lane;
	}
	if (load->lane_count == load->config->connections)
		return NULL;
	lane = &load->lanes[load->lane_count];
	if (placing_init(&lane->placing, load->config->port, &err) != ST_OK)
		return NULL;
	load->lane_count++;
	(void)curl_easy_setopt(lane->placing.curl, CURLOPT_PRIVATE, lane);
	return lane;
}

/* Sends what is due, as far as there are connections. */
static void send_due(struct load *load)
{
	const struct config *c = load->config;
	int64_t now = clock_mono_us();

	while (load->sent < c->count) {
		int64_t due_us = load->start_us + load->sent * 1000000 / c->rate;
		struct lane *lane = due_us <= now ? free_lane(load) : NULL;

		if (!lane)
			return;
		lane->due_us = due_us;
		lane->placing.order_id = 0;
		(void)curl_multi_add_handle(load->multi, lane->placing.curl);
		load->sent++;
	}
}

static void take_answer(struct load *load, struct lane *lane, CURLcode code)
{
	long status = 0;

	if (placing_succeeded(&lane->placing, code, &status)) {
		load->times_us[load->good++] = clock_mono_us() - lane->due_us;
		(void)fprintf(load->acks, "%" PRId64 " POST %" PRId64 " 1\n", clock_wall_ms(),
			      lane->placing.order_id);
		return;
	}
	if (load->errors++ == 0)
		(void)fprintf(stderr, "bench-steady: the first error: status %ld, %s\n", status,
			      curl_easy_strerror(code));
}

static void take_answers(struct load *load)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(load->multi, &left))) {
		struct lane *lane = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &lane);
		take_answer(load, lane, code);
		(void)curl_multi_remove_handle(load->multi, lane->placing.curl);
		lane->next_free = load->free;
		load->free = lane;
	}
}

/* Until the next request is due, in whole ms; 0: now. */
static int next_due_ms(const struct load *load)
{
	int64_t due_us, wait_us;

	if (load->sent == load->config->count)
		return 100;
	due_us = load->start_us + load->sent * 1000000 / load->config->rate;
	wait_us = due_us - clock_mono_us();
	/* Overdue: all connections are in use, and only an answer helps. */
	if (wait_us < 0)
		return load->lane_count == load->config->connections && !load->free ? 100 : 0;
	return (int)((wait_us + 999) / 1000);
}

static enum status run(struct load *load, struct error *err)
{
	const struct config *c = load->config;
	int active = 0;

	load->start_us = clock_mono_us();
	while (load->good + load->errors < c->count) {
		send_due(load);
		if (curl_multi_perform(load->multi, &active) != CURLM_OK)
			return error_set(err, ST_INTERNAL, "curl cannot go on");
		take_answers(load);
		(void)curl_multi_poll(load->multi, NULL, 0, next_due_ms(load), NULL);
	}
	return ST_OK;
}

/* --- the result ---------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t percentile(const struct load *load, int64_t percent)
{
	int64_t rank = (load->good * percent + 99) / 100;

	return load->good > 0 ? load->times_us[rank > 0 ? rank - 1 : 0] : 0;
}

static void report(struct load *load)
{
	int64_t took_us = clock_mono_us() - load->start_us;

	qsort(load->times_us, (size_t)load->good, sizeof(*load->times_us), by_value);
	printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
	       "\n",
	       load->good, load->errors, percentile(load, 50), percentile(load, 99),
	       percentile(load, 100), load->lane_count, took_us / 1000);
}

static enum status load_open(struct load *load, struct error *err)
{
	const struct config *c = load->config;

	load->multi = curl_multi_init();
	load->lanes = calloc((size_t)c->connections, sizeof(*load->lanes));
	load->times_us = calloc((size_t)c->count, sizeof(*load->times_us));
	if (!load->multi || !load->lanes || !load->times_us)
		return error_set(err, ST_INTERNAL, "out of memory");
	/* Connections are kept, however many there are. */
	(void)curl_multi_setopt(load->multi, CURLMOPT_MAXCONNECTS, (long)c->connections);
	load->acks = fopen(c->acks, "ae");
	if (!load->acks)
		return error_set(err, ST_INVALID, "%s cannot be written", c->acks);
	return ST_OK;
}

static enum status load_close(struct load *load, struct error *err)
{
	for (int64_t i = 0; i < load->lane_count; i++) {
		(void)curl_multi_remove_handle(load->multi, load->lanes[i].placing.curl);
		placing_fini(&load->lanes[i].placing);
	}
	curl_multi_cleanup(load->multi);
	free(load->lanes);
	free(load->times_us);
	if (load->acks && fclose(load->acks) != 0 && err->status == ST_OK)
		return error_set(err, ST_UNAVAILABLE, "%s cannot be written", load->config->acks);
	return err->status;
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct load load = { .config = &config };
	int done = config_main(&program, argc, argv, &config);
	struct error err = { 0 };

	if (done >= 0)
		return done;
	if (load_open(&load, &err) == ST_OK && run(&load, &err) == ST_OK)
		report(&load);
	if (load_close(&load, &err) == ST_OK)
		return 0;
	(void)fprintf(stderr, "bench-steady: %s\n", err.msg);
	return 1;
}
