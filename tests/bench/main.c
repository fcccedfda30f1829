/*
 * The benchmarks, case by case: what it measures goes to RUN_DIR/measured.tsv. tests/bench/run.sh
 * runs it on a temporary stack and makes tables of the figures.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/bench/cases.h"

static const struct {
	const char *name;
	void (*run)(struct bench *b);
	bool long_one; /* only when it is asked for */
} cases[] = {
	{ "orders", case_orders, false }, { "backlog", case_backlog, false },
	{ "key", case_key, false },       { "clients", case_clients, false },
	{ "steady", case_steady, false }, { "visible", case_visible, false },
	{ "relay", case_relay, false },   { "start", case_start, false },
	{ "join", case_join, false },     { "growth", case_growth, true },
	{ "peers", case_peers, true },    { "partitions", case_partitions, true },
	{ "scale", case_scale, true },    { "takeover", case_takeover, true },
	{ "tls", case_tls, true },
};

static const char *setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && *value ? value : fallback;
}

int main(void)
{
	const char *only = setting("CASE", "");
	static struct bench b;
	bool found = false;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		found = found || !*only || strcmp(cases[i].name, only) == 0;
	if (!found)
		bench_fail(
			"CASE='%s' is not one of orders, backlog, key, clients, steady, visible, "
			"relay, start, join, growth, partitions, scale, takeover, peers, tls",
			only);
	bench_open(&b, strcmp(setting("QUICK", "0"), "1") == 0,
		   (int)strtol(setting("REPEAT", "3"), NULL, 10));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (*only ? strcmp(cases[i].name, only) == 0 : !cases[i].long_one)
			bench_case(&b, cases[i].name, cases[i].run);
	}
	bench_close(&b);
	return 0;
}
