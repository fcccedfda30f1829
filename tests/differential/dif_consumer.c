#include "tests/differential/dif_consumer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/kafka/kafka_consumer.h"
#include "common/runtime/clock.h"
#include "tests/differential/dif_broker.h"
#include "tests/differential/dif_world.h"

#define PATIENCE_MS 120000
#define POLL_MS     10
#define GIVEN_SIZE  60000

struct member {
	const char *name;
	struct kafka_consumer *consumer; /* NULL: it is not there */
	bool has[DIF_PARTITIONS];
};

static struct group {
	const char *topic, *name;
	int number; /* of the call */
	struct member members[2];
	int64_t next[DIF_PARTITIONS]; /* the position */
	/* As far as it was read since it was assigned, or sought; -1: nothing came yet. */
	int64_t read_to[DIF_PARTITIONS];
	char given[DIF_PARTITIONS][GIVEN_SIZE]; /* since it was printed */
} group = { .members = { { .name = "C0" }, { .name = "C1" } } };

#define MEMBERS 2

void dif_consumer_begin(const char *topic, struct sim_random *r)
{
	group.topic = topic;
	group.name = dif_broker_name("group");
	for (int p = 0; p < DIF_PARTITIONS; p++)
		group.next[p] = sim_random_below(r, 3);
}

bool dif_consumer_is_there(void)
{
	return group.members[0].consumer || group.members[1].consumer;
}

/* --- what they are told -------------------------------------------------------------------- */

static int64_t on_assigned(void *context, int32_t partition)
{
	struct member *m = context;

	m->has[partition] = true;
	group.read_to[partition] = -1;
	return group.next[partition];
}

static void on_revoked(void *context, int32_t partition)
{
	struct member *m = context;

	m->has[partition] = false;
}

static void on_end_reached(void *context, int32_t partition, int64_t offset)
{
	(void)context;
	group.next[partition] = group.read_to[partition] = offset;
}

static void __attribute__((format(printf, 2, 3))) note(int32_t partition, const char *format, ...)
{
	char *text = group.given[partition];
	size_t len = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text + len, GIVEN_SIZE - len, format, arguments);
	va_end(arguments);
}

static void note_text(int32_t partition, const char *before, const void *bytes, size_t len)
{
	if (bytes)
		note(partition, "%s%.*s", before, (int)len, (const char *)bytes);
	else
		note(partition, "%snull", before);
}

static void take(const struct message *m)
{
	int32_t p = m->at.partition;

	note(p, " %" PRId64, m->at.offset);
	note_text(p, ":", m->key, m->key_len);
	note_text(p, "=", m->payload, m->payload_len);
	for (size_t i = 0; i < m->header_count; i++) {
		note(p, " %s", m->headers[i].name);
		note_text(p, ":", m->headers[i].value, m->headers[i].len);
	}
	group.next[p] = group.read_to[p] = m->at.offset + 1;
}

/* --- until nothing comes any more ---------------------------------------------------------- */

static void poll_all(void)
{
	const struct message *message;

	for (int i = 0; i < MEMBERS; i++) {
		struct member *m = &group.members[i];

		if (!m->consumer)
			continue;
		message = kafka_consumer_poll(m->consumer, POLL_MS);
		for (; message; message = kafka_consumer_poll(m->consumer, 0))
			take(message);
	}
}

static int owned_by(const struct member *m)
{
	int n = 0;

	for (int p = 0; p < DIF_PARTITIONS; p++)
		n += m->has[p];
	return n;
}

/* Each partition has a member, and none has two more than another. */
static bool is_balanced(int32_t partitions)
{
	const struct member *a = &group.members[0], *b = &group.members[1];
	int more = owned_by(a) - owned_by(b);

	return owned_by(a) + owned_by(b) == partitions &&
	       (!a->consumer || !b->consumer || (more >= -1 && more <= 1));
}

static int32_t look_at_ends(struct dif_ends ends[DIF_PARTITIONS])
{
	int32_t partitions = 0;

	for (int32_t p = 0; p < DIF_PARTITIONS; p++) {
		ends[p] = dif_broker_ends(group.topic, p);
		partitions += ends[p].start >= 0;
	}
	return partitions;
}

static bool is_settled(const struct dif_ends *ends, int32_t partitions)
{
	if (!is_balanced(partitions))
		return false;
	for (int32_t p = 0; p < partitions; p++) {
		if (group.read_to[p] != ends[p].stable)
			return false;
	}
	return true;
}

static void settle(void)
{
	struct dif_ends ends[DIF_PARTITIONS];
	int32_t partitions = look_at_ends(ends);
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	if (!dif_consumer_is_there())
		return;
	do {
		poll_all();
		if (clock_mono_ms() > end_ms)
			dif_world_fail("%d: the members do not come to the end", group.number);
	} while (!is_settled(ends, partitions));
}

void dif_consumer_settle(int number)
{
	struct dif_ends ends[DIF_PARTITIONS];
	int32_t partitions;

	group.number = number;
	settle();
	partitions = look_at_ends(ends);
	for (int32_t p = 0; p < partitions; p++) {
		printf("%d partition %d: %" PRId64 " to %" PRId64 " (%" PRId64 "),", number, (int)p,
		       ends[p].start, ends[p].stable, ends[p].end);
		printf(" read to %" PRId64 ":%s\n", dif_consumer_is_there() ? group.next[p] : -1,
		       group.given[p]);
		group.given[p][0] = '\0';
	}
}

void dif_consumer_await_start(int32_t partition)
{
	int64_t start = dif_broker_ends(group.topic, partition).start;
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	for (int i = 0; i < MEMBERS; i++) {
		struct member *m = &group.members[i];

		while (m->has[partition] &&
		       kafka_consumer_log_start(m->consumer, partition) != start) {
			poll_all();
			if (clock_mono_ms() > end_ms)
				dif_world_fail("a member does not know where the log begins");
		}
	}
}

/* --- what they do -------------------------------------------------------------------------- */

static void join(struct member *m)
{
	static struct kafka_settings settings;
	const struct kafka_consumer_callbacks callbacks = { on_assigned, on_revoked, on_end_reached,
							    m };
	struct error err;

	settings = (struct kafka_settings){ .bootstrap_servers = dif_broker_servers(),
					    .topic = group.topic,
					    .extra = "",
					    .client_id = m->name };
	printf("%d %s joins\n", group.number, m->name);
	if (kafka_consumer_open(&m->consumer, &settings, group.name, &callbacks, &err) != ST_OK)
		dif_world_fail("%s: %s", m->name, err.msg);
	settle();
}

static void leave(struct member *m)
{
	printf("%d %s leaves\n", group.number, m->name);
	kafka_consumer_leave(m->consumer);
	kafka_consumer_close(m->consumer);
	m->consumer = NULL;
	memset(m->has, 0, sizeof(m->has));
	settle();
}

static void come_or_go(struct member *m)
{
	if (m->consumer)
		leave(m);
	else
		join(m);
}

static void seek(struct sim_random *r)
{
	struct dif_ends ends[DIF_PARTITIONS];
	int32_t p = (int32_t)sim_random_below(r, look_at_ends(ends));
	struct member *m = &group.members[group.members[1].has[p]];
	int64_t offset = sim_random_between(r, 0, ends[p].stable);
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	printf("%d %" PRId64 " of %d is sought\n", group.number, offset, (int)p);
	group.read_to[p] = -1;
	while (!kafka_consumer_seek(m->consumer, p, offset)) {
		if (clock_mono_ms() > end_ms)
			dif_world_fail("a seek is not possible");
		poll_all();
		group.read_to[p] = -1;
	}
	settle();
}

/* What is stored is with Kafka when its member has left. Another would commit, too. */
static int commit(struct sim_random *r)
{
	struct member *m = &group.members[!group.members[0].consumer];
	int32_t p = (int32_t)sim_random_below(r, owned_by(m));
	int64_t offset = sim_random_between(r, 0, group.next[p]);
	int64_t stored = sim_random_between(r, offset, group.next[p]);
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	kafka_consumer_commit(m->consumer, p, offset);
	while (dif_broker_committed(group.name, group.topic, p) != offset) {
		if (clock_mono_ms() > end_ms)
			dif_world_fail("an offset is not committed");
		poll_all();
	}
	printf("%d %" PRId64 " of %d is committed, then %" PRId64 " is stored\n", group.number,
	       offset, (int)p, stored);
	kafka_consumer_store(m->consumer, p, stored);
	leave(m);
	printf("%d Kafka has %" PRId64 "\n", group.number,
	       dif_broker_committed(group.name, group.topic, p));
	return 3;
}

/* While p is paused nothing of it is given; all of it is, after that. */
static void pause_and_resume(struct sim_random *r)
{
	struct dif_ends ends[DIF_PARTITIONS];
	int32_t p = (int32_t)sim_random_below(r, look_at_ends(ends));
	const struct member *m = &group.members[group.members[1].has[p]];

	printf("%d %d is paused, and resumed\n", group.number, (int)p);
	kafka_consumer_pause(m->consumer, p, true);
	poll_all();
	kafka_consumer_pause(m->consumer, p, false);
	settle();
}

static void ask_ends(void)
{
	struct dif_ends ends[DIF_PARTITIONS];
	struct topic_offset list[DIF_PARTITIONS];
	int32_t partitions = look_at_ends(ends);
	struct member *m = &group.members[!group.members[0].consumer];
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	bool known = false;

	while (!known && clock_mono_ms() < end_ms) {
		for (int32_t p = 0; p < partitions; p++)
			list[p] = (struct topic_offset){ p, -1 };
		poll_all();
		kafka_consumer_high_watermarks(m->consumer, list, (size_t)partitions);
		known = true;
		for (int32_t p = 0; p < partitions; p++)
			known = known && list[p].offset == ends[p].stable;
	}
	printf("%d the ends are %s\n", group.number, known ? "known" : "others");
}

int dif_consumer_step(int number, struct sim_random *r)
{
	int64_t dice = sim_random_below(r, 100);
	bool one = !group.members[0].consumer != !group.members[1].consumer;

	group.number = number;
	settle();
	if (!dif_consumer_is_there() || dice < 20)
		come_or_go(&group.members[sim_random_below(r, MEMBERS)]);
	else if (dice < 60)
		seek(r);
	else if (dice < 75 && one)
		return commit(r);
	else if (dice < 85)
		pause_and_resume(r);
	else
		ask_ends();
	return 1;
}

void dif_consumer_leave_all(int number)
{
	group.number = number;
	settle();
	for (int i = 0; i < MEMBERS; i++) {
		if (group.members[i].consumer)
			leave(&group.members[i]);
	}
}
