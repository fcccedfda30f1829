#include "tests/simulation/sim_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_world.h"

#define SENT_MAX 40000

/* One command, as its customer sees it. */
struct customer {
	struct order_command command;
	char key[40];
	int node, life;
	int64_t sent_us;
	bool answered;
};

/* One crowd a world. */
static struct crowd {
	const struct sim_setup *setup;
	struct order_writer *writers[SIM_NODES_MAX];
	const struct sim_node *nodes[SIM_NODES_MAX];
	struct customer *sent[SENT_MAX];
	size_t count;
	int64_t keys;
	int64_t known[SENT_MAX]; /* ids of orders that were acknowledged */
	size_t known_count;
	int64_t end_us;
	long acknowledged;
} crowd;

static struct sim_random *dice(void)
{
	return sim_world_random();
}

void sim_client_open(const struct sim_node *node, struct order_writer *writer)
{
	crowd.writers[node->number] = writer;
	crowd.nodes[node->number] = node;
}

/* --- what they were told ------------------------------------------------------------------- */

static const struct sim_value *order_row(int64_t id)
{
	const struct sim_database *d = sim_server_database("orders");

	return sim_table_see(sim_table_find(&d->tables[T_ORDERS], id, 0, 0), NULL);
}

static void judge_answer(const struct order_command *c)
{
	const struct sim_value *row = order_row(c->order.id);

	if (c->answer.status != ST_OK)
		return;
	crowd.acknowledged++;
	if (!row || (!c->replayed && row->number[0] < c->order.version))
		sim_world_violation("order %" PRId64
				    " version %d was acknowledged, and is not there",
				    c->order.id, (int)c->order.version);
}

static void on_answered(struct order_command *c)
{
	struct customer *customer = (struct customer *)c;

	if (customer->answered)
		sim_world_violation("a command was answered twice");
	customer->answered = true;
	judge_answer(c);
	if (c->answer.status == ST_OK && c->kind == COMMAND_PLACE && crowd.known_count < SENT_MAX)
		crowd.known[crowd.known_count++] = c->order.id;
}

/* --- what they ask for --------------------------------------------------------------------- */

static void fill_content(struct order_command *c)
{
	c->content.customer_id = sim_random_between(dice(), 1, 50);
	c->content.qty = (int32_t)sim_random_between(dice(), 1, 1000);
	(void)snprintf(c->content.product_id, sizeof(c->content.product_id), "P%d",
		       (int)sim_random_below(dice(), 9));
	(void)snprintf(c->content.product_name, sizeof(c->content.product_name), "Lamp");
	(void)snprintf(c->content.address, sizeof(c->content.address), "Street %d",
		       (int)sim_random_below(dice(), 99));
}

static struct customer *new_customer(void)
{
	struct customer *customer = sim_world_memory(sizeof(*customer));
	struct order_command *c = &customer->command;
	int64_t drawn = sim_random_below(dice(), 100);

	if (crowd.known_count == 0 || drawn < 35) {
		order_command_init(c, COMMAND_PLACE, on_answered);
		(void)snprintf(customer->key, sizeof(customer->key), "key-%" PRId64, ++crowd.keys);
		c->idempotency_key = drawn % 2 ? customer->key : NULL;
	} else {
		order_command_init(c, drawn < 90 ? COMMAND_MODIFY : COMMAND_CANCEL, on_answered);
		c->order_id = crowd.known[crowd.known_count - 1 -
					  (size_t)sim_random_below(
						  dice(), crowd.known_count < 30
								  ? (int64_t)crowd.known_count
								  : 30)];
		c->fields = ORDER_QTY | ORDER_ADDRESS;
	}
	fill_content(c);
	return customer;
}

static void send(struct customer *customer)
{
	int n = (int)sim_random_below(dice(), SIM_NODES_MAX);

	for (int i = 0; i < SIM_NODES_MAX; i++, n = (n + 1) % SIM_NODES_MAX) {
		if (crowd.writers[n] && crowd.nodes[n]->alive &&
		    !sim_node_is_stopped(crowd.nodes[n]))
			break;
	}
	if (!crowd.writers[n] || !crowd.nodes[n]->alive || crowd.count == SENT_MAX)
		return;
	customer->node = n;
	customer->life = crowd.nodes[n]->life;
	customer->sent_us = sim_world_now_us();
	crowd.sent[crowd.count++] = customer;
	order_writer_submit(crowd.writers[n], &customer->command);
}

/* The same order again, under its key, as who had no answer sends it; perhaps elsewhere. */
static void repeat(const struct customer *old)
{
	struct customer *again = sim_world_memory(sizeof(*again));

	order_command_init(&again->command, COMMAND_PLACE, on_answered);
	memcpy(again->key, old->key, sizeof(again->key));
	again->command.idempotency_key = again->key;
	again->command.content = old->command.content;
	send(again);
}

static void go_on(void *unused)
{
	int64_t pause = 2 * SIM_S / crowd.setup->events_per_s;

	if (sim_world_now_us() >= crowd.end_us)
		return;
	for (int64_t n = sim_random_chance(dice(), 20) ? sim_random_between(dice(), 5, 60) : 1;
	     n > 0; n--)
		send(new_customer());
	if (crowd.count > 0 && sim_random_chance(dice(), 100)) {
		const struct customer *old =
			crowd.sent[sim_random_below(dice(), (int64_t)crowd.count)];

		if (old->command.kind == COMMAND_PLACE && old->command.idempotency_key)
			repeat(old);
	}
	sim_world_at(sim_world_now_us() + sim_random_between(dice(), 1, pause), go_on, unused);
}

void sim_client_begin(const struct sim_setup *setup)
{
	crowd.setup = setup;
	crowd.end_us = sim_world_now_us() + setup->duration_us;
	go_on(NULL);
}

/* --- the end ------------------------------------------------------------------------------- */

static bool waits(const struct customer *c)
{
	const struct sim_node *n = crowd.nodes[c->node];

	return !c->answered && n->alive && n->life == c->life;
}

bool sim_client_is_done(void)
{
	if (crowd.setup && sim_world_now_us() < crowd.end_us)
		return false;
	for (size_t i = 0; i < crowd.count; i++) {
		if (waits(crowd.sent[i]))
			return false;
	}
	return true;
}

/* Of the commands under one key at most one order. */
void sim_client_judge(void)
{
	for (size_t i = 0; i < crowd.count; i++) {
		const struct order_command *c = &crowd.sent[i]->command;

		if (crowd.sent[i]->answered)
			judge_answer(c);
	}
}

long sim_client_acknowledged(void)
{
	return crowd.acknowledged;
}
