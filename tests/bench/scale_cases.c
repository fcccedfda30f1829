/* Many replicas of either service. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/cases.h"

#define PARTITIONS   20
#define PATIENCE_MS  120000
#define LOOK_EACH_MS 50

/* Waits until the statement's number is that. */
static void await_sql(struct bench *b, double wanted, const char *statement)
{
	for (int waited_ms = 0; bench_sql(b, "%s", statement) != wanted;
	     waited_ms += LOOK_EACH_MS) {
		if (waited_ms > PATIENCE_MS)
			bench_fail("not %.0f after %d ms: %s", wanted, waited_ms, statement);
		(void)usleep(LOOK_EACH_MS * 1000);
	}
}

/* --- delivery-services --------------------------------------------------------------------- */

static void replicas_of(struct bench *b, int replicas, int64_t orders)
{
	char subject[64];

	(void)snprintf(subject, sizeof(subject), "%d delivery-service%s", replicas,
		       replicas == 1 ? "" : "s");
	bench_fresh(b, PARTITIONS);
	bench_start_deliveries(b, replicas, LIST("DELIVERY_DELAY_MS=0"));
	await_sql(b, replicas,
		  bench_text("select case when count(*) = %d then count(distinct owner) end "
			     "from delivery.position where topic = '%s'",
			     PARTITIONS, b->topic));
	bench_feed(b, orders, 1);
	bench_verify(b, orders * 3, NULL);
	bench_measured(b, "scale", subject, "stored",
		       bench_sql(b, "select floor(count(*) / extract(epoch from max(applied_at) - "
				    "min(received_at))) from delivery.history"));
	bench_measured(b, "scale", subject, "taking",
		       bench_sql(b, "select count(distinct replica) from delivery.history"));
}

/* --- order-services ------------------------------------------------------------------------ */

static const char *ports_of(struct bench *b, int services)
{
	static char ports[1024];
	size_t len = (size_t)snprintf(ports, sizeof(ports), "%s", b->order_port);

	for (int number = 2; number <= services; number++)
		len += (size_t)snprintf(ports + len, sizeof(ports) - len, ",%ld",
					strtol(b->order_port, NULL, 10) + 98 + number);
	return ports;
}

/* Clients call again when they are answered. Returns the orders a second, once all are. */
static double place_orders(struct bench *b, int services, int clients, int64_t orders,
			   const char *acks)
{
	json_t *result = json_loads(bench_run(b, "load",
					      LIST(bench_text("PORTS=%s", ports_of(b, services)),
						   "RATE=0", bench_text("COUNT=%" PRId64, orders),
						   bench_text("CONNECTIONS=%d", clients),
						   bench_text("ACKS=%s", acks)),
					      LIST(bench_text("%s/load", b->build_dir))),
				    0, NULL);
	double took_ms = json_number_value(json_object_get(result, "took_ms"));

	if (json_integer_value(json_object_get(result, "answered")) != orders)
		bench_fail("%d order-services did not answer all of %" PRId64 " calls", services,
			   orders);
	json_decref(result);
	return floor((double)orders * 1000 / took_ms);
}

static void services_of(struct bench *b, int services, int clients, int64_t orders)
{
	char subject[64], acks[512];
	int64_t answered_us;

	(void)snprintf(subject, sizeof(subject), "%d order-service%s, %d clients", services,
		       services == 1 ? "" : "s", clients);
	(void)snprintf(acks, sizeof(acks), "%s/acks.txt", b->run_dir);
	bench_fresh(b, 4);
	bench_start_orders(b, services, LIST("HTTP_THREADS=64"));
	(void)unlink(acks);
	bench_measured(b, "scale", subject, "placed",
		       place_orders(b, services, clients, orders, acks));
	answered_us = bench_wall_us();
	await_sql(b, 0, "select count(*) from orders.outbox");
	bench_measured(b, "scale", subject, "behind",
		       (double)(bench_wall_us() - answered_us) / 1e3);
	bench_start_deliveries(b, 1, LIST("DELIVERY_DELAY_MS=0"));
	bench_verify(b, orders, acks);
}

void case_scale(struct bench *b)
{
	for (int i = 0; i < b->repeat; i++) {
		replicas_of(b, 1, b->quick ? 20000 : 100000);
		replicas_of(b, PARTITIONS, b->quick ? 20000 : 100000);
		services_of(b, 1, 320, b->quick ? 20000 : 200000);
		services_of(b, 32, 320, b->quick ? 20000 : 100000);
		services_of(b, 32, 3200, b->quick ? 20000 : 200000);
	}
}
