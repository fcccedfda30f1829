/*
 * Waits until a service says something: a sample of its /metrics has reached a value, or, without
 * METRIC, until /readyz is 200. Looks again every INTERVAL_US and prints when it was so, and since
 * when the sample had been above BASE:
 *   <wall clock, us> <value> <wall clock when it first was above BASE, us> <the value then>
 * By https if HTTP_CA is set. Cheaper and finer than curl in a loop: what is measured shares the
 * machine with who measures. Exit status: 0; 1 the time is over; 2 bad settings.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/config.h"
#include "common/base/error.h"
#include "common/runtime/clock.h"
#include "common/service/http_caller.h"

#define CALL_MS    2000L
#define BODY_BYTES (1024 * 1024) /* of a thousand partitions it is over 64 KB */

struct config {
	int64_t port, at_least, base, interval_us, timeout_s;
	const char *metric;
	struct http_caller caller;
};

static const struct config_key keys[] = {
	{ "PORT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, port), "8081", 1, 65535, NULL,
	  "the service's, on 127.0.0.1" },
	{ "METRIC", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, metric), "", 0, 0, NULL,
	  "name of the sample, with its labels; empty: wait for /readyz" },
	{ "AT_LEAST", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, at_least), "1", 0,
	  INT64_MAX, NULL, "what the sample has to reach" },
	{ "BASE", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, base), "0", 0, INT64_MAX, NULL,
	  "what it had at the beginning" },
	{ "INTERVAL_US", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, interval_us), "10000",
	  100, 10000000, NULL, "from one look to the next, in microseconds" },
	{ "TIMEOUT_S", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, timeout_s), "60", 1,
	  86400, NULL, "seconds to wait at most" },
	{ 0 },
};

static const struct config_program program = {
	.name = "bench-await",
	.summary = "waits until a service is ready, or a sample of its metrics has a value",
	.tables =
		(const struct config_table[]){ { .keys = keys },
					       { http_caller_keys, offsetof(struct config, caller),
						 "Calls to the service", http_caller_check },
					       { 0 } },
	.manner = "Waits and says when it was so, once.",
	.exit_status = "0 it is so, 1 the time is over, 2 bad settings.",
};

struct body {
	char text[BODY_BYTES];
	size_t len;
};

static int64_t wall_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void pause_us(int64_t us)
{
	const struct timespec pause = { us / 1000000, us % 1000000 * 1000 };

	(void)nanosleep(&pause, NULL);
}

/* curl's write callback; what does not fit ends the program: waiting would not help. */
static size_t collect(char *data, size_t size, size_t count, void *context)
{
	struct body *body = context;
	size_t len = size * count;

	if (body->len + len >= sizeof(body->text)) {
		(void)fprintf(stderr, "bench-await: an answer of more than %d bytes\n", BODY_BYTES);
		exit(1);
	}
	memcpy(body->text + body->len, data, len);
	body->len += len;
	return len;
}

/* The sample's value; -1: it is not there. */
static int64_t sample(const char *text, const char *name)
{
	const size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return (int64_t)strtod(line + len, NULL);
	}
	return -1;
}

/* -1: the service does not answer (yet). */
static int64_t look(CURL *curl, const struct config *config, struct body *body)
{
	long status = 0;

	body->len = 0;
	if (curl_easy_perform(curl) != CURLE_OK)
		return -1;
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return -1;
	body->text[body->len] = '\0';
	return config->metric[0] ? sample(body->text, config->metric) : INT64_MAX;
}

static enum status await(CURL *curl, const struct config *config, struct error *err)
{
	const int64_t deadline = clock_mono_ms() + config->timeout_s * 1000;
	int64_t first_us = 0, first = 0;
	static struct body body;

	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	while (true) {
		int64_t value = look(curl, config, &body), now = wall_us();

		if (value > config->base && first_us == 0) {
			first_us = now;
			first = value;
		}
		if (value >= config->at_least) {
			printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", now, value,
			       first_us, first);
			return ST_OK;
		}
		if (clock_mono_ms() >= deadline)
			return error_set(err, ST_UNAVAILABLE,
					 "127.0.0.1:%" PRId64 ": %s is %" PRId64 " after %" PRId64
					 " s, not %" PRId64,
					 config->port,
					 config->metric[0] ? config->metric : "/readyz", value,
					 config->timeout_s, config->at_least);
		pause_us(config->interval_us);
	}
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	int done = config_main(&program, argc, argv, &config);
	struct error err = { 0 };
	char url[80];
	CURL *curl;

	if (done >= 0)
		return done;
	curl = curl_easy_init();
	if (!curl) {
		(void)fprintf(stderr, "bench-await: out of memory\n");
		return 1;
	}
	(void)snprintf(url, sizeof(url), "%s://127.0.0.1:%" PRId64 "/%s",
		       http_caller_scheme(&config.caller), config.port,
		       config.metric[0] ? "metrics" : "readyz");
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, CALL_MS);
	if (http_caller_apply(&config.caller, curl, &err) == ST_OK)
		(void)await(curl, &config, &err);
	curl_easy_cleanup(curl);
	if (err.status == ST_OK)
		return 0;
	(void)fprintf(stderr, "bench-await: %s\n", err.msg);
	return 1;
}
