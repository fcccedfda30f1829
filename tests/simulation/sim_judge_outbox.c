#include "tests/simulation/sim_judge_outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/event_json.h"
#include "tests/simulation/sim_args.h"
#include "tests/simulation/sim_judge_client.h"
#include "tests/simulation/sim_judge_place.h"
#include "tests/simulation/sim_operator.h"
#include "tests/simulation/sim_set.h"
#include "tests/simulation/sim_world.h"

/* One judge a world. */
static struct outbox_judge {
	const struct sim_setup *setup;
	struct sim_set published; /* what each message says, as a hash */
	struct sim_set once;      /* likewise, of transactions */
	struct sim_set refused;   /* likewise, of those that were */
	struct sim_table told; /* (order): the highest version of Delivery*; and (order, version) */
	struct sim_table carriers, tellers; /* (order): the partition of Order*, of Delivery* */
	struct sim_table latest;            /* (order): the highest version on the topic */
	struct sim_table denied;            /* (order, version) */
} judge;

void sim_judge_outbox_begin(const struct sim_setup *setup)
{
	judge.setup = setup;
}

static int64_t hash_of(const char *topic, const void *payload, size_t len)
{
	int64_t hash = sim_args_hash((struct sim_text){ topic, (int)strlen(topic) });

	return hash ^ sim_args_hash((struct sim_text){ payload, payload ? (int)len : 0 });
}

static int64_t latest_of(int64_t order)
{
	const struct sim_row *row = sim_table_find(&judge.latest, order, 0, 0);

	return row ? row->committed->number[0] : 0;
}

static void set_latest(int64_t order, int64_t version)
{
	struct sim_row *row = sim_table_row(&judge.latest, order, 0, 0);
	const struct sim_value value = { .number = { version } };

	sim_server_write_now(row, &value);
}

bool sim_judge_outbox_was_denied(int64_t order, int64_t version)
{
	return sim_table_find(&judge.denied, order, version, 0) != NULL;
}

void sim_judge_outbox_denied(const struct sim_message *m)
{
	(void)sim_set_add(&judge.refused,
			  hash_of(m->plain.topic, m->plain.payload, m->plain.payload_len));
	if (!m->readable || m->version == 0)
		return;
	(void)sim_table_row(&judge.denied, m->order_id, m->version, 0);
	sim_operator_gap(m->order_id, m->version); /* its row is dead */
	if (m->version == latest_of(m->order_id) + 1)
		set_latest(m->order_id, m->version);
}

bool sim_judge_outbox_denies(const struct sim_message *m)
{
	return judge.refused.count > 0 &&
	       sim_set_has(&judge.refused,
			   hash_of(m->plain.topic, m->plain.payload, m->plain.payload_len));
}

/* An event without a version has an effect each time that it is on the topic, and each effect may
 * be told in the same words; a letter may be written twice. */
static bool is_once(const struct message *m)
{
	return strcmp(m->topic, SIM_TOPIC) == 0 && m->payload && strstr(m->payload, "\"version\":");
}

static void judge_once(const struct sim_message *m, int64_t hash)
{
	if (!sim_set_add(&judge.once, hash) && !sim_server_has_forgotten())
		sim_world_violation("%s %d/%" PRId64 ": who reads committed has seen %.*s before",
				    m->plain.topic, (int)m->plain.at.partition, m->plain.at.offset,
				    (int)m->plain.payload_len, (const char *)m->plain.payload);
}

/* --- where partitions are added ------------------------------------------------------------ */

enum { SEVERAL = -1 };

/* The order has a message in partition. */
static void note_partition(struct sim_table *table, int64_t order, int32_t partition)
{
	struct sim_row *row = sim_table_row(table, order, 0, 0);
	struct sim_value value = { .number = { partition } };

	if (row->committed && row->committed->number[0] == partition)
		return;
	if (row->committed)
		value.number[0] = SEVERAL;
	sim_server_write_now(row, &value);
}

/* None has, or one. */
static bool is_in_one(const struct sim_table *table, int64_t order)
{
	const struct sim_row *row = sim_table_find(table, order, 0, 0);

	return !row || row->committed->number[0] != SEVERAL;
}

bool sim_judge_outbox_is_ordered(int64_t order)
{
	return judge.setup->in_sequence ||
	       (sim_setup_is_ordered(judge.setup) && is_in_one(&judge.carriers, order) &&
		!sim_judge_place_lost_any(order));
}

/* --- messages ------------------------------------------------------------------------------ */

/* What is told of the deliveries: the first time of each version comes in the order of the
 * versions.
 */
static void judge_told(const struct message *m)
{
	const char *order = m->payload ? strstr(m->payload, "\"orderId\":") : NULL;
	const char *version = order ? strstr(order, "\"version\":") : NULL;
	struct sim_row *row;
	struct sim_value value = { 0 };
	int64_t id, latest;

	if (!version || strcmp(m->topic, SIM_TOPIC) != 0 || !judge.setup->keyed ||
	    !sim_setup_is_ordered(judge.setup) || sim_server_has_forgotten())
		return;
	id = strtoll(strchr(order, ':') + 1, NULL, 10);
	if (judge.setup->grows)
		note_partition(&judge.tellers, id, m->at.partition);
	if (!is_in_one(&judge.tellers, id) || !sim_judge_outbox_is_ordered(id))
		return;
	value.number[0] = strtoll(strchr(version, ':') + 1, NULL, 10);
	row = sim_table_row(&judge.told, id, 0, 0);
	latest = row->committed ? row->committed->number[0] : 0;
	if (value.number[0] < latest && !sim_table_find(&judge.told, id, value.number[0], 0))
		sim_world_violation("order %" PRId64 ": the delivery's version %" PRId64
				    " is told after version %" PRId64,
				    id, value.number[0], latest);
	(void)sim_table_row(&judge.told, id, value.number[0], 0);
	if (value.number[0] <= latest)
		return;
	sim_server_write_now(row, &value);
}

void sim_judge_outbox_gone(const struct sim_message *m)
{
	(void)sim_set_add(&judge.published,
			  hash_of(m->plain.topic, m->plain.payload, m->plain.payload_len));
	if (m->readable && m->version > latest_of(m->order_id))
		set_latest(m->order_id, m->version);
}

void sim_judge_outbox_appended(const struct sim_message *m)
{
	int64_t hash = hash_of(m->plain.topic, m->plain.payload, m->plain.payload_len);

	if (!judge.setup) /* there are no services */
		return;
	(void)sim_set_add(&judge.published, hash);
	if (m->transaction && is_once(&m->plain))
		judge_once(m, hash);
	judge_told(&m->plain);
	sim_judge_place_appended(m);
	if (judge.setup->grows && m->readable)
		note_partition(&judge.carriers, m->order_id, m->plain.at.partition);
	if (!judge.setup->with_orders || !m->readable || m->version == 0 ||
	    m->version <= latest_of(m->order_id))
		return;
	if (judge.setup->keyed && m->version != latest_of(m->order_id) + 1 &&
	    is_in_one(&judge.carriers, m->order_id))
		sim_world_violation("order %" PRId64 ": version %d is on the topic before the one "
				    "before it",
				    m->order_id, (int)m->version);
	set_latest(m->order_id, m->version);
}

/* --- commits ------------------------------------------------------------------------------- */

static void judge_deleted(const struct sim_session *s, const struct sim_row *row)
{
	const struct sim_value *v = row->committed;
	const struct sim_row *dead =
		sim_table_find(&s->database->tables[T_OUTBOX_DEAD], row->key[0], 0, 0);

	if (sim_table_see(dead, s) ||
	    sim_set_has(&judge.published,
			hash_of(v->text[0].bytes, v->text[4].bytes, (size_t)v->text[4].len)))
		return;
	sim_world_violation("%s takes row %" PRId64 " out of the outbox, and the topic has not got "
			    "its message",
			    s->node->name, row->key[0]);
}

/* An event of an order, as the row says it. */
static void judge_event(const struct sim_value *row)
{
	struct order_event *event;
	struct error ignored;
	enum event_type type;

	if (!event_order_type(row->text[2].bytes, (size_t)row->text[2].len, &type) ||
	    event_decode(type, row->text[4].bytes, (size_t)row->text[4].len, &event, &ignored) !=
		    ST_OK) {
		sim_world_violation("an event in the outbox cannot be read");
		return;
	}
	sim_judge_client_committed(event);
	free(event);
}

/* After the events, which follow each other without a gap. */
static void judge_order(const struct sim_row *row, int64_t *versions)
{
	int64_t from = row->committed ? row->committed->number[0] : 0;
	int64_t to = row->written ? row->written->number[0] : 0;

	if (to < from)
		sim_world_violation("order %" PRId64 ": version %" PRId64 " becomes %" PRId64,
				    row->key[0], from, to);
	if (to != sim_judge_client_version(row->key[0]))
		sim_world_violation("order %" PRId64 " version %" PRId64
				    " is committed without its event",
				    row->key[0], to);
	*versions += to - from;
}

void sim_judge_outbox_commit(struct sim_database *database, const struct sim_session *s)
{
	bool orders = strcmp(database->schema, "orders") == 0;
	int64_t versions = 0, events = 0;

	for (size_t i = 0; i < s->touched_count; i++) {
		const struct sim_row *row = s->touched[i].row;

		if (s->touched[i].table != T_OUTBOX)
			continue;
		if (row->committed && !row->written)
			judge_deleted(s, row);
		if (!row->written || row->committed)
			continue;
		events++;
		if (orders)
			judge_event(row->written);
	}
	for (size_t i = 0; i < s->touched_count; i++) {
		if (s->touched[i].table == T_ORDERS)
			judge_order(s->touched[i].row, &versions);
	}
	if (orders && versions != events)
		sim_world_violation("%" PRId64 " new versions of orders, and %" PRId64
				    " events in the outbox",
				    versions, events);
}

bool sim_judge_outbox_is_complete(char *text, unsigned long size)
{
	static const char *const schemas[] = { "orders", "delivery" };

	for (int i = 0; i < 2; i++) {
		const struct sim_table *t = &sim_server_database(schemas[i])->tables[T_OUTBOX];

		if (t->count == 0)
			continue;
		(void)snprintf(text, size, "%zu rows are in the outbox of %s", t->count,
			       schemas[i]);
		return false;
	}
	return true;
}
