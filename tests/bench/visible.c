/*
 * How long an order takes from its POST until its delivery can be seen in the database, at low
 * load: COUNT orders, one after the other. The row is asked for over one connection every
 * INTERVAL_US. Prints a line for each order: microseconds until the answer of the POST, and until
 * the row was seen, both since before the POST.
 * Exit status: 0; 1 not possible, or an order is not there after 10 s; 2 bad settings.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/base/config.h"
#include "common/pg/pg.h"
#include "common/runtime/clock.h"
#include "tests/bench/placing.h"

#define WAIT_US 10000000

struct config {
	const char *database_url;
	int64_t port, count, interval_us;
};

static const struct config_key keys[] = {
	{ "DATABASE_URL", CONFIG_TEXT, CONFIG_SECRET_URL, offsetof(struct config, database_url),
	  "postgresql://delivery_service@127.0.0.1:15432/lab", 0, 0, NULL,
	  "PostgreSQL, as delivery-service's role" },
	{ "PORT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, port), "8081", 1, 65535, NULL,
	  "order-service's, on 127.0.0.1" },
	{ "COUNT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, count), "100", 1, 1000000,
	  NULL, "orders" },
	{ "INTERVAL_US", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, interval_us), "200", 0,
	  1000000, NULL, "from one look at the database to the next, in microseconds" },
	{ 0 },
};

static const struct config_program program = {
	.name = "bench-visible",
	.summary = "how long from a POST until its delivery is in the database?",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.manner = "Places the orders, once.",
	.exit_status = "0 done, 1 not possible, 2 bad settings.",
};

static const struct pg_statement statements[] = {
	{ "row", "select 1::int4 from delivery where order_id = $1::int8" },
	{ 0 },
};
static const struct pg_statement *const tables[] = { statements, NULL };

struct client {
	struct placing placing;
	struct pg *pg;
};

static enum status post(struct placing *placing, struct error *err)
{
	CURLcode code;
	long status = 0;

	placing->order_id = 0;
	code = curl_easy_perform(placing->curl);
	if (placing_succeeded(placing, code, &status))
		return ST_OK;
	return error_set(err, ST_UNAVAILABLE, "POST /orders: answer %ld, %s", status,
			 curl_easy_strerror(code));
}

static enum status look(struct client *client, bool *seen, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "row", &params, NULL };

	pg_param_i64(&params, client->placing.order_id);
	if (pg_run(client->pg, &call, 1, err) != ST_OK)
		return err->status;
	*seen = PQntuples(call.result) > 0;
	pg_clear(&call, 1);
	return ST_OK;
}

static enum status measure(struct client *client, const struct config *config, struct error *err)
{
	const struct timespec pause = { 0, config->interval_us * 1000 };
	int64_t start = clock_mono_us(), answered;
	bool seen = false;

	if (post(&client->placing, err) != ST_OK)
		return err->status;
	answered = clock_mono_us() - start;
	while (look(client, &seen, err) == ST_OK && !seen) {
		if (clock_mono_us() - start > WAIT_US)
			return error_set(err, ST_UNAVAILABLE,
					 "order %" PRId64 " has no delivery after 10 s",
					 client->placing.order_id);
		(void)nanosleep(&pause, NULL);
	}
	if (!seen)
		return err->status;
	printf("%" PRId64 " %" PRId64 "\n", answered, clock_mono_us() - start);
	return ST_OK;
}

static enum status open_database(struct pg **out, const char *url, struct error *err)
{
	const struct pg_config config = { url, "bench-visible", NULL, tables };

	return pg_open(out, &config, err);
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct client client = { .pg = NULL };
	int done = config_main(&program, argc, argv, &config);
	struct error err = { 0 };
	enum status st;

	if (done >= 0)
		return done;
	st = placing_init(&client.placing, config.port, &err);
	if (st == ST_OK)
		st = open_database(&client.pg, config.database_url, &err);
	for (int64_t i = 0; i < config.count && st == ST_OK; i++)
		st = measure(&client, &config, &err);
	pg_close(client.pg);
	placing_fini(&client.placing);
	if (st == ST_OK)
		return 0;
	(void)fprintf(stderr, "bench-visible: %s\n", err.msg);
	return 1;
}
