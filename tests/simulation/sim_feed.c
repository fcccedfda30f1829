#include "tests/simulation/sim_feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/event_json.h"
#include "tests/simulation/sim_sql.h"
#include "tests/simulation/sim_world.h"

#define ORDERS_MAX   20000
#define VERSIONS_MAX 12
#define LATE_MAX_MS  8000
#define REFUSED_FROM 1000000 /* ids of orders that the database refuses */
#define REFUSED_MAX  2

struct order {
	int32_t version; /* the latest that was made */
	int64_t id;
	bool plain; /* its events carry no version */
	bool cancelled;
	struct order_event events[VERSIONS_MAX + 1];
};

/* One feed a world. */
static struct feed {
	const struct sim_setup *setup;
	struct sim_topic *topic;
	struct order *orders[ORDERS_MAX + 1]; /* by id, from 1 */
	int64_t count;
	int64_t end_us;
	int64_t late; /* events that are still to come */
	int64_t refused;
} feed;

static struct sim_random *dice(void)
{
	return sim_world_random();
}

/* --- one event ----------------------------------------------------------------------------- */

static int32_t partition_of(const struct order *o)
{
	int32_t partitions = feed.topic->partition_count;

	return feed.setup->keyed ? (int32_t)(o->id % partitions)
				 : (int32_t)sim_random_below(dice(), partitions);
}

static void append(struct order *o, const struct order_event *e)
{
	const char *type = event_order_names[e->type];
	struct message_header header = { "type", type, strlen(type) };
	char *payload = event_encode_order(e), *version;
	struct message m = { .headers = &header, .header_count = 1 };

	/* Without a version: as a foreign producer writes it. */
	version = o->plain ? strstr(payload, "\"version\"") : NULL;
	if (version)
		memcpy(version, "\"Xersion\"", 9);
	m.payload = payload;
	m.payload_len = strlen(payload);
	(void)sim_topic_append(feed.topic, partition_of(o), &m, 0);
	free(payload);
}

struct late {
	struct order *order;
	const struct order_event *event;
};

static void append_late(void *argument)
{
	struct late *l = argument;

	if (sim_topic_is_away(feed.topic)) {
		sim_world_at(feed.topic->away_until_us, append_late, l);
		return;
	}
	append(l->order, l->event);
	feed.late--;
	free(l);
}

/* Now, or, where the order of the topic is not that of the versions, perhaps later. */
static void publish(struct order *o, const struct order_event *e)
{
	struct late *l;

	if (feed.setup->keyed || !sim_random_chance(dice(), 50)) {
		append(o, e);
		return;
	}
	l = sim_world_loan(sizeof(*l));
	*l = (struct late){ o, e };
	feed.late++;
	sim_world_at(sim_world_now_us() + sim_random_between(dice(), 1, LATE_MAX_MS) * SIM_MS,
		     append_late, l);
}

static void make_event(struct order *o, int64_t id)
{
	static const char *const products[] = { "TELLING", "NOTEBOOK", "LAMP" };
	struct order_event *e = &o->events[++o->version];
	int64_t product = sim_random_below(dice(), 3);

	*e = (struct order_event){ .type = o->version == 1 ? EVENT_PLACED : EVENT_MODIFIED,
				   .timestamp_ms = sim_world_wall_ms(),
				   .order_id = id,
				   .version = o->version,
				   .qty = (int32_t)sim_random_between(dice(), 1, 1000),
				   .customer_id = sim_random_between(dice(), 1, 50),
				   .product_id = products[product],
				   .product_name = products[product],
				   .address = products[2 - product] };
	if (o->version > 1 && sim_random_chance(dice(), 150)) {
		e->type = EVENT_CANCELLED;
		o->cancelled = true;
	}
	publish(o, e);
}

static void make_order(void)
{
	int64_t id = ++feed.count;
	struct order *o = sim_world_memory(sizeof(*o));

	feed.orders[id] = o;
	o->id = id;
	o->plain = feed.setup->keyed && sim_random_chance(dice(), 60);
	make_event(o, id);
	while (sim_random_chance(dice(), 300) && o->version < 4 && !o->cancelled)
		make_event(o, id); /* at once */
}

/* --- what else is on a topic --------------------------------------------------------------- */

static void append_text(const char *type, const char *payload)
{
	struct message_header header = { "type", type, strlen(type) };
	struct message m = { .headers = &header,
			     .header_count = 1,
			     .payload = payload,
			     .payload_len = payload ? strlen(payload) : 0 };

	(void)sim_topic_append(
		feed.topic, (int32_t)sim_random_below(dice(), feed.topic->partition_count), &m, 0);
}

/* Valid, and the database does not take it. */
static void append_refused(void)
{
	char payload[300];

	(void)snprintf(payload, sizeof(payload),
		       "{\"eventType\":\"OrderPlaced\",\"timestamp\":%" PRId64 ",\"id\":%" PRId64
		       ",\"customerId\":1,\"productId\":\"" SIM_REFUSED
		       "\",\"productName\":\"Lamp\",\"qty\":1,\"address\":\"Street\"}",
		       sim_world_wall_ms(), REFUSED_FROM + feed.refused++);
	append_text("OrderPlaced", payload);
}

static void make_noise(int64_t drawn)
{
	/* Each costs a batch many writes. */
	if (drawn < 1 && feed.setup->refuses && feed.refused < REFUSED_MAX)
		append_refused();
	else if (drawn < 10)
		append_text("OrderPlaced", "{\"not\": \"an event\"}");
	else if (drawn < 15)
		append_text("OrderModified", NULL);
	else if (drawn < 50)
		append_text("DeliveryStarted", "{}");
	else
		sim_topic_append_hole(
			feed.topic, (int32_t)sim_random_below(dice(), feed.topic->partition_count));
}

static void make_something(void)
{
	int64_t drawn = sim_random_below(dice(), 1000);
	int64_t id = feed.count ? sim_random_between(dice(), feed.count > 40 ? feed.count - 40 : 1,
						     feed.count)
				: 0;
	struct order *o = feed.orders[id];

	if (drawn < 80)
		make_noise(drawn);
	else if (drawn < 160 && o)
		append(o, &o->events[sim_random_between(dice(), 1, o->version)]); /* a repeat */
	else if (o && drawn < 700 && o->version < VERSIONS_MAX && !o->cancelled)
		make_event(o, id);
	else if (feed.count < ORDERS_MAX)
		make_order();
}

static void go_on(void *unused)
{
	int64_t pause = 2 * SIM_S / feed.setup->events_per_s;

	if (sim_world_now_us() >= feed.end_us)
		return;
	if (sim_topic_is_away(feed.topic)) {
		sim_world_at(feed.topic->away_until_us, go_on, unused);
		return;
	}
	make_something();
	if (sim_random_chance(dice(), 20)) {
		for (int64_t n = sim_random_between(dice(), 5, 60); n > 0; n--)
			make_something();
	}
	sim_world_at(sim_world_now_us() + sim_random_between(dice(), 1, pause), go_on, unused);
}

void sim_feed_begin(const struct sim_setup *setup, struct sim_topic *topic)
{
	feed.setup = setup;
	feed.topic = topic;
	feed.end_us = sim_world_now_us() + setup->duration_us;
	go_on(NULL);
}

bool sim_feed_is_done(void)
{
	return feed.late == 0 && sim_world_now_us() >= feed.end_us;
}

void sim_feed_each(void (*look)(void *, int64_t, int32_t, int64_t), void *context)
{
	for (int64_t id = 1; id <= feed.count; id++) {
		const struct order *o = feed.orders[id];

		look(context, id, o->plain ? 0 : o->version, event_content(&o->events[o->version]));
	}
}
