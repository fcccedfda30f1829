#include "tests/simulation/sim_service.h"

#include <stdio.h>
#include <string.h>

#include "common/outbox/relay.h"
#include "common/outbox/relay_bound.h"
#include "delivery-service/consume/delivery_loop.h"
#include "order-service/order_store.h"
#include "order-service/order_writer.h"
#include "tests/simulation/sim_client.h"
#include "tests/simulation/sim_kafka.h"
#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_world.h"

#define LOOK_ROWS 20

/* One setup a world. */
static struct services {
	const struct sim_setup *setup;
	int64_t start_after_ms[SIM_NODES_MAX];
	bool ending[SIM_NODES_MAX];
	int busy[SIM_NODES_MAX]; /* tasks that have to end first */
} services;

static void die(void *node)
{
	struct sim_node *n = node;

	sim_node_kill(n);
}

static void start(void *node)
{
	struct sim_node *n = node;

	if (!n->alive)
		sim_node_start(n);
}

bool __real_relay_bound_due(const struct relay_bound *bound);
bool __wrap_relay_bound_due(const struct relay_bound *bound);

bool __wrap_relay_bound_due(const struct relay_bound *bound)
{
	return __real_relay_bound_due(bound) ||
	       (services.setup->looks_often && bound->rows >= LOOK_ROWS);
}

/* A task's last act. */
static void end_task(struct sim_node *n)
{
	int64_t now = sim_world_now_us();

	if (--services.busy[n->number] > 0)
		return;
	sim_world_at(now, die, n);
	sim_world_at(now + 1 + services.start_after_ms[n->number] * SIM_MS, start, n);
}

void sim_service_end(struct sim_node *n, int64_t ms)
{
	if (!n->alive)
		return;
	services.ending[n->number] = true;
	services.start_after_ms[n->number] = ms;
}

static void fail_to_open(const struct sim_node *n, const struct error *err)
{
	sim_world_violation("%s does not open: %s", n->name, err->msg);
}

/* --- delivery-service ---------------------------------------------------------------------- */

static void delivery_body(void *node)
{
	struct sim_node *n = node;
	const struct sim_setup *s = services.setup;
	const struct delivery_loop_config config = {
		.database_url = "postgresql://simulated",
		.group = "delivery-service",
		.replica = n->name,
		.kafka = { "simulated:9092", SIM_TOPIC, NULL, n->name },
		.scheduler = { .delay_ms = s->work_ms,
			       .delay_on = 7,
			       .work = WORK_WAIT,
			       .processing_order = s->processing_order,
			       .max_concurrency = s->max_concurrency },
		.in_sequence = s->in_sequence,
	};
	struct delivery_loop *loop;
	struct error err;

	if (delivery_loop_open(&loop, &config, &err) != ST_OK) {
		fail_to_open(n, &err);
		return;
	}
	while (!services.ending[n->number])
		delivery_loop_step(loop);
	delivery_loop_close(loop);
	end_task(n);
}

/* --- the relay of either ------------------------------------------------------------------- */

static void relay_body(struct sim_node *n, const char *schema)
{
	const struct relay_config config = {
		.database_url = "postgresql://simulated",
		.schema = schema,
		.instance = n->name,
		.kafka = { "simulated:9092", SIM_TOPIC, NULL, n->name },
		.keyed = services.setup->keyed,
		.state_topic = services.setup->transactional ? SIM_STATES : NULL,
	};
	struct relay *relay;
	struct error err;

	if (relay_open(&relay, &config, &err) != ST_OK) {
		fail_to_open(n, &err);
		return;
	}
	while (!services.ending[n->number])
		relay_round(relay);
	relay_settle(relay);
	relay_close(relay);
	end_task(n);
}

static void delivery_relay_body(void *node)
{
	relay_body(node, "delivery");
}

static void order_relay_body(void *node)
{
	relay_body(node, "orders");
}

static void start_delivery(struct sim_node *n)
{
	services.ending[n->number] = false;
	services.busy[n->number] = 2;
	(void)sim_node_task(n, delivery_body, n);
	(void)sim_node_task(n, delivery_relay_body, n);
}

/* --- order-service ------------------------------------------------------------------------- */

static void answerer_body(void *writer)
{
	while (order_writer_answer(writer))
		;
}

/* It ends with its process: nothing tells its queue of a clean end. */
static void writer_body(void *node)
{
	struct sim_node *n = node;
	struct order_writer *writer = NULL;
	struct order_store *store;
	struct error err;

	if (order_store_open(&store, "postgresql://simulated", SIM_TOPIC, NULL, &err) != ST_OK ||
	    order_writer_open(&writer, store, 1000, &err) != ST_OK) {
		fail_to_open(n, &err);
		return;
	}
	(void)sim_node_task(n, answerer_body, writer);
	sim_client_open(n, writer);
	while (order_writer_step(writer))
		;
}

static void start_orders(struct sim_node *n)
{
	services.ending[n->number] = false;
	services.busy[n->number] = 1;
	(void)sim_node_task(n, writer_body, n);
	(void)sim_node_task(n, order_relay_body, n);
}

/* --- nodes --------------------------------------------------------------------------------- */

static void node_ended(struct sim_node *n)
{
	sim_client_open(n, NULL);
	sim_server_node_died(n);
	sim_kafka_node_died(n);
}

static void make_node(struct sim_node *n, int number, const char *service,
		      void (*started)(struct sim_node *))
{
	*n = (struct sim_node){ .number = number, .ended = node_ended, .started = started };
	(void)snprintf(n->name, sizeof(n->name), "%s-%d", service, number);
}

int sim_service_make(const struct sim_setup *setup, struct sim_node nodes[SIM_NODES_MAX])
{
	int n = 0;

	services.setup = setup;
	for (int i = 0; i < setup->delivery_services; i++, n++)
		make_node(&nodes[n], n, "delivery", start_delivery);
	for (int i = 0; i < setup->order_services; i++, n++)
		make_node(&nodes[n], n, "orders", start_orders);
	return n;
}
