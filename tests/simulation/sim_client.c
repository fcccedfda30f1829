#include "tests/simulation/sim_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_judge_client.h"
#include "tests/simulation/sim_world.h"

#define SENT_MAX 40000
#define RECENT   30 /* of the latest orders one is changed */

/* Whoever may ask once more has not forgotten what was asked for under the key. */
struct keyed {
	struct order_content content;
	int64_t number;
	char key[40];
};

/* One command, as its customer sees it. */
struct customer {
	struct order_command command; /* what is read by its address alone */
	struct sim_request *request;
	const struct keyed *keyed; /* NULL: without a key */
	int node, life;
	int64_t number;
	bool sending, answered;
};

/* An order that was acknowledged. */
struct known {
	int64_t id;
	int32_t version; /* the latest that somebody was told */
};

/* One crowd a world. */
static struct crowd {
	const struct sim_setup *setup;
	struct order_writer *writers[SIM_NODES_MAX];
	const struct sim_node *nodes[SIM_NODES_MAX];
	struct customer *waiting[SENT_MAX]; /* has no answer yet, and will get one */
	size_t waiting_count;
	const struct keyed *keyed[SENT_MAX];
	size_t keyed_count;
	struct known known[SENT_MAX];
	size_t known_count;
	int64_t count;     /* of the commands that were made */
	int64_t favourite; /* of a rush: the one of the latest orders that all change; -1: none */
	int64_t end_us;
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

static void note_version(int64_t id, int32_t version)
{
	size_t oldest = crowd.known_count > RECENT ? crowd.known_count - RECENT : 0;

	for (size_t i = crowd.known_count; i-- > oldest;) {
		if (crowd.known[i].id == id && crowd.known[i].version < version)
			crowd.known[i].version = version;
	}
}

static void on_answered(struct order_command *c)
{
	struct customer *customer = (struct customer *)c;

	if (customer->answered)
		sim_world_violation("a command was answered twice");
	customer->answered = true;
	sim_judge_client_told(customer->request, c, customer->sending);
	if (c->answer.status != ST_OK)
		return;
	if (c->kind != COMMAND_PLACE)
		note_version(c->order.id, c->order.version);
	else if (crowd.known_count < SENT_MAX)
		crowd.known[crowd.known_count++] = (struct known){ c->order.id, 1 };
}

/* --- what they ask for --------------------------------------------------------------------- */

static void fill_content(struct order_content *c, int64_t number)
{
	c->customer_id = sim_random_between(dice(), 1, 50);
	c->qty = (int32_t)sim_random_between(dice(), 1, 1000);
	(void)snprintf(c->product_id, sizeof(c->product_id), "P%d",
		       (int)sim_random_below(dice(), 9));
	(void)snprintf(c->product_name, sizeof(c->product_name), "Lamp");
	(void)snprintf(c->address, sizeof(c->address), SIM_ADDRESS, number);
}

static struct customer *new_customer(enum order_command_kind kind)
{
	struct customer *customer = sim_world_memory(sizeof(*customer));

	order_command_init(&customer->command, kind, on_answered);
	customer->number = ++crowd.count;
	fill_content(&customer->command.content, customer->number);
	return customer;
}

static void set_key(struct customer *customer, const char *key)
{
	struct keyed *keyed = sim_world_memory(sizeof(*keyed));

	keyed->content = customer->command.content;
	keyed->number = customer->number;
	(void)snprintf(keyed->key, sizeof(keyed->key), "%s", key);
	customer->command.idempotency_key = keyed->key;
	customer->keyed = keyed;
	if (crowd.keyed_count < SENT_MAX)
		crowd.keyed[crowd.keyed_count++] = keyed;
}

static struct customer *placing(bool with_key)
{
	struct customer *customer = new_customer(COMMAND_PLACE);
	char key[40];

	(void)snprintf(key, sizeof(key), "key-%" PRId64, customer->number);
	if (with_key)
		set_key(customer, key);
	return customer;
}

static const struct known *any_known(void)
{
	int64_t recent = crowd.known_count < RECENT ? (int64_t)crowd.known_count : RECENT;
	int64_t n = sim_random_below(dice(), recent);

	if (crowd.favourite >= 0 && crowd.favourite < recent)
		n = crowd.favourite;
	return &crowd.known[crowd.known_count - 1 - (size_t)n];
}

/* Of one of the latest orders; of four one for the version that was told, or the next one. */
static struct customer *changing(enum order_command_kind kind)
{
	const struct known *known = any_known();
	struct customer *customer = new_customer(kind);
	struct order_versions *match = &customer->command.condition.match;

	customer->command.order_id = known->id;
	customer->command.fields = ORDER_QTY | ORDER_ADDRESS;
	if (sim_random_chance(dice(), 250)) {
		match->any = false;
		match->count = 1;
		match->list[0] = known->version + (int32_t)sim_random_below(dice(), 2);
	}
	return customer;
}

static struct customer *any_customer(void)
{
	int64_t drawn = sim_random_below(dice(), 100);

	if (crowd.known_count == 0 || drawn < 35)
		return placing(drawn % 2);
	return changing(drawn < 90 ? COMMAND_MODIFY : COMMAND_CANCEL);
}

static bool is_open(int n)
{
	return crowd.writers[n] && crowd.nodes[n]->alive && !sim_node_is_stopped(crowd.nodes[n]);
}

static void send(struct customer *customer)
{
	int n = (int)sim_random_below(dice(), SIM_NODES_MAX);

	for (int i = 0; i < SIM_NODES_MAX && !is_open(n); i++)
		n = (n + 1) % SIM_NODES_MAX;
	if (!is_open(n) || crowd.waiting_count == SENT_MAX)
		return;
	customer->node = n;
	customer->life = crowd.nodes[n]->life;
	customer->request = sim_judge_client_sent(&customer->command, customer->number);
	crowd.waiting[crowd.waiting_count++] = customer;
	customer->sending = true;
	order_writer_submit(crowd.writers[n], &customer->command);
	customer->sending = false;
}

/* The same order again, under its key, as who had no answer sends it; perhaps elsewhere. And now
 * and then another one under that key, by mistake. */
static void repeat(const struct keyed *old)
{
	struct customer *again = new_customer(COMMAND_PLACE);

	if (sim_random_chance(dice(), 900)) {
		again->command.content = old->content;
		again->number = old->number;
	}
	again->command.idempotency_key = old->key;
	again->keyed = old;
	send(again);
}

/* Many at once; of two rushes one is about a single order. */
static void rush(void)
{
	crowd.favourite = sim_random_chance(dice(), 500) ? sim_random_below(dice(), RECENT) : -1;
	for (int64_t n = sim_random_between(dice(), 5, 60); n > 0; n--)
		send(any_customer());
	crowd.favourite = -1;
}

static void go_on(void *unused)
{
	int64_t pause = 2 * SIM_S / crowd.setup->events_per_s;

	if (sim_world_now_us() >= crowd.end_us)
		return;
	if (sim_random_chance(dice(), 20))
		rush();
	send(any_customer());
	if (crowd.keyed_count > 0 && sim_random_chance(dice(), 100))
		repeat(crowd.keyed[sim_random_below(dice(), (int64_t)crowd.keyed_count)]);
	sim_world_at(sim_world_now_us() + sim_random_between(dice(), 1, pause), go_on, unused);
}

void sim_client_begin(const struct sim_setup *setup)
{
	crowd.setup = setup;
	crowd.favourite = -1;
	crowd.end_us = sim_world_now_us() + setup->duration_us;
	go_on(NULL);
}

/* --- the end ------------------------------------------------------------------------------- */

static bool waits(const struct customer *c)
{
	const struct sim_node *n = crowd.nodes[c->node];

	return !c->answered && n->alive && n->life == c->life && !sim_node_is_stopped(n);
}

bool sim_client_is_done(void)
{
	size_t left = 0;

	if (crowd.setup && sim_world_now_us() < crowd.end_us)
		return false;
	for (size_t i = 0; i < crowd.waiting_count; i++) {
		if (waits(crowd.waiting[i]))
			crowd.waiting[left++] = crowd.waiting[i];
	}
	crowd.waiting_count = left;
	return left == 0;
}
