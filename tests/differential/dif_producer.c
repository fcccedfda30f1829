#include "tests/differential/dif_producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/message.h"
#include "common/kafka/kafka_producer.h"
#include "common/kafka/kafka_state.h"
#include "common/runtime/clock.h"
#include "tests/differential/dif_broker.h"
#include "tests/differential/dif_world.h"

#define PATIENCE_MS 120000
#define ANSWER_MS   1000
#define OPEN_MS     8000 /* the brokers end a transaction by themselves after 10 s */
#define TOO_LARGE   2200000
#define SENDS_MAX   20

static const char *const words[] = { "apple", "", "pear", "ten plums" };
static const char *const keys[] = { "k0", "k1", "another key", "key 3", "", "seventh" };

/* A transactional id. */
struct id {
	const char *name;
	bool open; /* its transaction has records */
};

struct producer {
	const char *name;
	struct id *id; /* NULL: none */
	struct kafka_settings settings;
	struct kafka_producer *kafka;
	bool prepared, begun; /* as far as it knows */
	int outstanding, acked, refused, retry;
};

static struct id ids[2];
static struct producers {
	const char *topic, *states;
	int number; /* of the call */
	int64_t open_mono_ms;
	struct producer list[5];
} producers = {
	.list = { { .name = "P0" },
		  { .name = "P1" },
		  { .name = "T0", .id = &ids[0] },
		  { .name = "T1", .id = &ids[0] },
		  { .name = "T2", .id = &ids[1] } },
};

#define COUNT (sizeof(producers.list) / sizeof(producers.list[0]))

static void on_report(void *context, void *opaque, enum kafka_producer_verdict verdict, int code)
{
	struct producer *p = context;

	(void)opaque;
	(void)code;
	p->outstanding--;
	p->acked += verdict == KAFKA_PRODUCER_ACKED;
	p->refused += verdict == KAFKA_PRODUCER_REFUSED;
	p->retry += verdict == KAFKA_PRODUCER_RETRY;
}

static void open_producer(struct producer *p)
{
	struct error err;

	p->settings = (struct kafka_settings){ .bootstrap_servers = dif_broker_servers(),
					       .topic = producers.topic,
					       .extra = "",
					       .client_id = p->name,
					       .transactional_id = p->id ? p->id->name : NULL };
	p->outstanding = 0;
	if (kafka_producer_open(&p->kafka, &p->settings, on_report, p, &err) != ST_OK)
		dif_world_fail("%s: %s", p->name, err.msg);
}

void dif_producer_open_all(const char *topic, const char *states)
{
	producers.topic = topic;
	producers.states = states;
	ids[0].name = dif_broker_name("shared");
	ids[1].name = dif_broker_name("own");
	for (size_t i = 0; i < COUNT; i++)
		open_producer(&producers.list[i]);
}

void dif_producer_close_all(void)
{
	for (size_t i = 0; i < COUNT; i++)
		kafka_producer_close(producers.list[i].kafka);
}

bool dif_producer_has_open(void)
{
	return ids[0].open || ids[1].open;
}

/* --- transactions -------------------------------------------------------------------------- */

static const char *word_of(enum status st)
{
	return st == ST_OK ? "ok" : st == ST_INTERNAL ? "to be abandoned" : "another error";
}

static void say(const struct producer *p, const char *what, enum status st, const struct error *err)
{
	printf("%d %s %s => %s\n", producers.number, p->name, what, word_of(st));
	if (st != ST_OK)
		(void)fprintf(stderr, "%d %s %s: %s\n", producers.number, p->name, what, err->msg);
}

/* Until all control records are there. */
static void await_markers(void)
{
	const char *topics[] = { producers.topic, producers.states };
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	for (int t = 0; t < 2; t++) {
		for (int32_t p = 0; p < (t == 0 ? DIF_PARTITIONS : 1);) {
			struct dif_ends ends = dif_broker_ends(topics[t], p);

			if (ends.stable == ends.end)
				p++;
			else if (clock_mono_ms() > end_ms)
				dif_world_fail("a control record does not come");
			else
				clock_pause_ms(5);
		}
	}
}

static void end_open(struct id *id)
{
	if (id->open && clock_mono_ms() - producers.open_mono_ms > OPEN_MS)
		dif_world_stop_late();
	id->open = false;
	if (!dif_producer_has_open())
		await_markers();
}

static void prepare(struct producer *p)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	struct error err = { 0 };
	enum status st;

	do
		st = kafka_producer_prepare(p->kafka, ANSWER_MS, &err);
	while (st == ST_UNAVAILABLE && clock_mono_ms() < end_ms);
	say(p, "takes its id", st, &err);
	if (st != ST_OK)
		return;
	p->prepared = true;
	end_open(p->id);
}

static void begin(struct producer *p)
{
	struct error err = { 0 };
	enum status st = kafka_producer_begin(p->kafka, &err);

	say(p, "begins", st, &err);
	p->begun |= st == ST_OK;
}

static void commit(struct producer *p)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	struct error err = { 0 };
	enum status st;

	do
		st = kafka_producer_commit(p->kafka, ANSWER_MS, &err);
	while (st == ST_UNAVAILABLE && clock_mono_ms() < end_ms);
	say(p, "commits", st, &err);
	if (st != ST_OK)
		return;
	p->begun = false;
	end_open(p->id);
}

/* --- messages ------------------------------------------------------------------------------ */

static void await_reports(struct producer *p)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	bool there = true;

	while (p->outstanding > 0 && there && clock_mono_ms() < end_ms)
		there = kafka_producer_poll(p->kafka, 100);
	there = kafka_producer_poll(p->kafka, 0) && there;
	printf("%s, %d acknowledged, %d refused, %d to be retried%s\n",
	       p->outstanding ? " without reports" : "", p->acked, p->refused, p->retry,
	       there ? "" : ", lost its state");
}

static void send_one(struct producer *p, struct sim_random *r)
{
	static char large[TOO_LARGE];
	const struct message_header all[] = { { "one", "1", 1 },
					      { "none", NULL, 0 },
					      { "one", "", 0 } };
	bool state = p->id && sim_random_chance(r, 200), too_large = sim_random_chance(r, 10);
	const char *key = state || sim_random_chance(r, 600) ? keys[sim_random_below(r, 6)] : NULL;
	const char *payload = sim_random_chance(r, 900) ? words[sim_random_below(r, 4)] : NULL;
	const struct kafka_producer_message m = {
		.topic = state ? producers.states : producers.topic,
		.key = key,
		.key_len = key ? strlen(key) : 0,
		.payload = too_large ? large : payload,
		.payload_len = too_large ? TOO_LARGE
			       : payload ? strlen(payload)
					 : 0,
		.headers = all,
		.header_count = (size_t)sim_random_below(r, 4),
	};

	p->outstanding++;
	kafka_producer_send(p->kafka, &m, NULL);
}

static int send_some(struct producer *p, struct sim_random *r)
{
	int count = (int)sim_random_between(r, 1, SENDS_MAX);

	p->acked = p->refused = p->retry = 0;
	for (int i = 0; i < count; i++)
		send_one(p, r);
	printf("%d %s sends %d =>", producers.number, p->name, count);
	await_reports(p);
	if (p->id && p->acked > 0 && !p->id->open) {
		p->id->open = true;
		producers.open_mono_ms = clock_mono_ms();
	}
	return count;
}

/* --- what comes next ----------------------------------------------------------------------- */

static void abandon(struct producer *p)
{
	struct error err;
	enum status st = kafka_producer_abandon(p->kafka, &err);

	say(p, "is abandoned", st, &err);
	p->prepared = p->begun = false;
}

/* As by a kill: nobody tells the brokers. */
static void restart(struct producer *p)
{
	printf("%d %s is closed, and opened\n", producers.number, p->name);
	kafka_producer_close(p->kafka);
	open_producer(p);
	p->prepared = p->begun = false;
}

static bool go_on(void *unused)
{
	(void)unused;
	return true;
}

static void read_state(const struct producer *p)
{
	const struct kafka_state_source source = { .kafka = &p->settings,
						   .topic = producers.states,
						   .key = keys[producers.number % 4],
						   .go_on = go_on };
	struct error err = { 0 };
	char *value = NULL;
	enum status st = kafka_state_read(&source, &value, &err);

	printf("%d %s reads the state of %s => %s %s\n", producers.number, p->name, source.key,
	       word_of(st), value ? value : "none");
	if (st != ST_OK)
		(void)fprintf(stderr, "%d: %s\n", producers.number, err.msg);
	free(value);
}

static bool another_is_open(const struct producer *p)
{
	return (ids[0].open && p->id != &ids[0]) || (ids[1].open && p->id != &ids[1]);
}

/* What makes sense now. */
static int go_on_with(struct producer *p, struct sim_random *r)
{
	if (!p->prepared)
		prepare(p);
	else if (!p->begun)
		begin(p);
	else if (sim_random_chance(r, 500))
		return another_is_open(p) ? 0 : send_some(p, r);
	else
		commit(p);
	return 1;
}

static int step_transactional(struct producer *p, struct sim_random *r)
{
	int64_t dice = sim_random_below(r, 100);

	if (dice < 75)
		return go_on_with(p, r);
	if (dice < 81)
		return another_is_open(p) ? 0 : send_some(p, r);
	if (dice < 84)
		prepare(p);
	else if (dice < 86)
		begin(p);
	else if (dice < 89)
		commit(p);
	else if (dice < 92)
		abandon(p);
	else if (dice < 94)
		restart(p);
	else if (!dif_producer_has_open())
		read_state(p);
	return 1;
}

int dif_producer_step(int number, struct sim_random *r)
{
	struct producer *p = &producers.list[sim_random_below(r, (int64_t)COUNT)];

	producers.number = number;
	if (p->id)
		return step_transactional(p, r);
	if (sim_random_chance(r, 950))
		return send_some(p, r);
	abandon(p);
	return 1;
}

void dif_producer_end_open(int number)
{
	producers.number = number;
	for (size_t i = 0; i < COUNT; i++) {
		struct producer *p = &producers.list[i];

		if (!p->id || !p->id->open)
			continue;
		abandon(p);
		prepare(p);
	}
}

void dif_producer_renew(void)
{
	for (size_t i = 0; i < COUNT; i++)
		abandon(&producers.list[i]);
}
