#include "tests/simulation/sim_judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/contract.h"
#include "tests/simulation/sim_client.h"
#include "tests/simulation/sim_feed.h"
#include "tests/simulation/sim_judge_client.h"
#include "tests/simulation/sim_judge_outbox.h"
#include "tests/simulation/sim_judge_place.h"
#include "tests/simulation/sim_kafka.h"
#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_world.h"

enum { NEXT, EPOCH }; /* numbers of a position */

/* Of a partition under an epoch. */
struct claim {
	const struct sim_node *node;
	int life;
};

/* One judge a world. */
static struct judge {
	const struct sim_setup *setup;
	const struct sim_topic *topic;
	struct sim_database *database;
	struct claim claims[SIM_PARTITIONS];     /* the one that counts */
	struct claim *claims_of[SIM_PARTITIONS]; /* by epoch */
	int64_t epochs[SIM_PARTITIONS];
	struct sim_table latest; /* (order, version): the latest effect */
	long effects;
} judge;

static const struct sim_value *see(const struct sim_session *s, enum sim_table_name name, int64_t a,
				   int64_t b, int64_t c)
{
	return sim_table_see(sim_table_find(&judge.database->tables[name], a, b, c), s);
}

/* --- effects ------------------------------------------------------------------------------- */

/* What was parked is anybody's to apply; an event is its partition's claimer's. */
static void judge_owner(const struct sim_session *s, const struct sim_row *row)
{
	const struct claim *claim = &judge.claims[row->written->number[0]];

	if (claim->node == s->node && claim->life == s->life)
		return;
	if (!see(NULL, T_PARKED, row->key[0], row->key[1], 0))
		sim_world_violation("%s applies order %" PRId64 " version %" PRId64
				    " of partition %" PRId64 ", which %s has claimed",
				    s->node->name, row->key[0], row->key[1],
				    row->written->number[0], claim->node->name);
}

/* By the position, or by a range. */
static bool is_covered(const struct sim_session *s, int64_t partition, int64_t offset)
{
	const struct sim_table *t = &judge.database->tables[T_RANGE];
	const struct sim_value *position = see(s, T_POSITION, partition, 0, 0);

	if (position && offset < position->number[NEXT])
		return true;
	for (size_t i = sim_table_from(t, partition, 0, 0);
	     i < t->count && t->rows[i]->key[0] == partition && t->rows[i]->key[1] <= offset; i++) {
		const struct sim_value *v = sim_table_see(t->rows[i], s);

		if (v && offset < v->number[0])
			return true;
	}
	return false;
}

static void judge_place(const struct sim_session *s, const struct sim_row *row)
{
	const struct sim_value *v = row->written;

	judge_owner(s, row);
	/* What comes again is done when it has come, and so is what lies behind it. */
	if (!is_covered(s, v->number[0], v->number[1]) && !sim_judge_place_is_of_old(row) &&
	    !sim_judge_place_comes_again(v->number[0], v->number[1]))
		sim_world_violation("order %" PRId64 " version %" PRId64
				    ": neither position nor range covers its event, %" PRId64
				    "/%" PRId64,
				    row->key[0], row->key[1], v->number[0], v->number[1]);
	if (!sim_judge_place_is_of(row))
		sim_world_violation("order %" PRId64 " version %" PRId64
				    ": the effect is not that of the event at %" PRId64 "/%" PRId64,
				    row->key[0], row->key[1], v->number[0], v->number[1]);
}

/* It never came to the topic, or nobody could read it there. */
static bool may_lack(int64_t order, int64_t version)
{
	return sim_judge_outbox_was_denied(order, version) || sim_judge_place_lost(order, version);
}

static void judge_order(const struct sim_row *row)
{
	struct sim_row *latest = sim_table_row(&judge.latest, row->key[0], 0, 0);
	struct sim_value value = { 0 };
	int64_t before = latest->committed ? latest->committed->number[0] : 0;

	while (before + 1 < row->key[1] && may_lack(row->key[0], before + 1))
		before++;
	if (sim_judge_outbox_is_ordered(row->key[0]) && row->key[1] != before + 1)
		sim_world_violation("order %" PRId64 ": version %" PRId64
				    " has its effect after version %" PRId64,
				    row->key[0], row->key[1], before);
	value.number[0] = row->key[1];
	sim_server_write_now(latest, &value);
}

static int compare_serial(const void *a, const void *b)
{
	const struct sim_row *const *x = a, *const *y = b;

	return ((*x)->written->number[3] > (*y)->written->number[3]) -
	       ((*x)->written->number[3] < (*y)->written->number[3]);
}

/* The new effects of a transaction, in their order. */
static void judge_effects(const struct sim_session *s)
{
	struct sim_row **rows = sim_world_loan((s->touched_count + 1) * sizeof(struct sim_row *));
	size_t n = 0, outgoing = 0;

	for (size_t i = 0; i < s->touched_count; i++) {
		struct sim_row *row = s->touched[i].row;
		bool is_new = row->written && !row->committed;

		if (s->touched[i].table == T_HISTORY && is_new)
			rows[n++] = row;
		if (s->touched[i].table == T_OUTBOX && is_new)
			outgoing += strcmp(row->written->text[0].bytes, SIM_TOPIC) == 0;
	}
	qsort(rows, n, sizeof(struct sim_row *), compare_serial);
	for (size_t i = 0; i < n; i++) {
		judge_place(s, rows[i]);
		if (rows[i]->key[1] > 0)
			judge_order(rows[i]);
	}
	free(rows);
	judge.effects += (long)n;
	if (n != outgoing)
		sim_world_violation("%zu effects, and %zu events in the outbox", n, outgoing);
}

/* --- positions ----------------------------------------------------------------------------- */

static void note_claim(int64_t partition, int64_t epoch, struct claim claim)
{
	int64_t *count = &judge.epochs[partition];

	if (epoch >= *count) {
		*count = 2 * epoch + 64;
		judge.claims_of[partition] =
			realloc(judge.claims_of[partition], (size_t)*count * sizeof(struct claim));
		if (!judge.claims_of[partition])
			abort();
	}
	judge.claims[partition] = judge.claims_of[partition][epoch] = claim;
}

static void judge_rewind(int64_t partition, int64_t from, int64_t to)
{
	if (!sim_judge_place_goes_back(partition, to))
		sim_world_violation("the position of partition %" PRId64 " went back from %" PRId64
				    " to %" PRId64,
				    partition, from, to);
}

static void judge_position(const struct sim_session *s, const struct sim_row *row)
{
	const struct sim_value *old = row->committed, *new = row->written;
	struct claim *claim = &judge.claims[row->key[0]];
	int64_t from = old ? old->number[NEXT] : 0, replaced_at;

	if (!old || strcmp(old->text[0].bytes, new->text[0].bytes) != 0 ||
	    old->number[EPOCH] != new->number[EPOCH])
		note_claim(row->key[0], new->number[EPOCH], (struct claim){ s->node, s->life });
	if (old && old->number[EPOCH] > new->number[EPOCH])
		sim_world_violation("the epoch of partition %" PRId64 " went back", row->key[0]);
	if (new->number[NEXT] < from) {
		judge_rewind(row->key[0], from, new->number[NEXT]);
		return;
	}
	replaced_at = sim_kafka_replaced_at(s->node, row->key[0]);
	if (s->life == s->node->life && replaced_at > 0 &&
	    new->number[NEXT] > from &&new->number[NEXT] > replaced_at)
		sim_world_violation("%s goes on in partition %" PRId64
				    ", which it was told at %" PRId64 " was re-created",
				    s->node->name, row->key[0], replaced_at);
	if (new->number[NEXT] > from && (claim->node != s->node || claim->life != s->life))
		sim_world_violation("%s moves partition %" PRId64 ", which %s has claimed",
				    s->node->name, row->key[0], claim->node->name);
	sim_judge_place_covered(s, row->key[0], from, new->number[NEXT], "the position");
}

/* Ranges lie above the position, apart from each other. */
static void judge_ranges(const struct sim_session *s, int64_t partition)
{
	const struct sim_table *t = &judge.database->tables[T_RANGE];
	int64_t end = see(s, T_POSITION, partition, 0, 0)->number[NEXT];

	for (size_t i = sim_table_from(t, partition, 0, 0);
	     i < t->count && t->rows[i]->key[0] == partition; i++) {
		const struct sim_value *v = sim_table_see(t->rows[i], s);

		if (!v)
			continue;
		if (t->rows[i]->key[1] <= end)
			sim_world_violation("partition %" PRId64 ": the range from %" PRId64
					    " begins before %" PRId64,
					    partition, t->rows[i]->key[1], end);
		end = v->number[0];
	}
}

static void judge_commit(struct sim_database *database, const struct sim_session *s)
{
	sim_judge_outbox_commit(database, s);
	for (size_t i = 0; i < s->touched_count; i++) {
		const struct sim_row *row = s->touched[i].row;

		if (s->touched[i].table == T_OUTBOX && row->written && !row->committed &&
		    strcmp(row->written->text[0].bytes, CONTRACT_DEAD_LETTER_TOPIC) == 0)
			sim_judge_place_letter(row->written);
	}
	judge_effects(s);
	for (size_t i = 0; i < s->touched_count; i++) {
		const struct sim_row *row = s->touched[i].row;

		if (s->touched[i].table == T_DELIVERY && row->committed && row->written &&
		    row->written->number[1] < row->committed->number[1])
			sim_world_violation("order %" PRId64 ": the delivery goes back to version "
					    "%" PRId64,
					    row->key[0], row->written->number[1]);
		if (s->touched[i].table == T_POSITION && row->written)
			judge_position(s, row);
		if (s->touched[i].table == T_POSITION && row->written)
			judge_ranges(s, row->key[0]);
		if (s->touched[i].table == T_RANGE && row->written &&
		    row->written != row->committed)
			sim_judge_place_covered(s, row->key[0], row->key[1],
						row->written->number[0], "a range");
	}
}

/* --- what the database forgets ------------------------------------------------------------- */

static void forget_effect(const struct sim_row *row)
{
	const struct sim_table *t = &judge.database->tables[T_HISTORY];
	size_t at = sim_table_from(t, row->key[0], row->key[1], 0);
	struct sim_row *latest = sim_table_row(&judge.latest, row->key[0], 0, 0);
	struct sim_value value = { 0 };

	if (at > 0 && t->rows[at - 1]->key[0] == row->key[0])
		value.number[0] = t->rows[at - 1]->key[1];
	sim_server_write_now(latest, &value);
}

static void forget(struct sim_database *database, enum sim_table_name name, struct sim_row *row,
		   const struct sim_value *was)
{
	(void)database;
	if (name == T_HISTORY && !row->committed && row->key[1] > 0)
		forget_effect(row);
	if (name == T_OUTBOX && !row->committed &&
	    strcmp(was->text[0].bytes, CONTRACT_DEAD_LETTER_TOPIC) == 0)
		sim_judge_place_forget_letter(was);
	if (name == T_POSITION)
		judge.claims[row->key[0]] =
			row->committed ? judge.claims_of[row->key[0]][row->committed->number[EPOCH]]
				       : (struct claim){ 0 };
}

void sim_judge_begin(const struct sim_setup *setup, const struct sim_topic *topic)
{
	judge.setup = setup;
	judge.topic = topic;
	judge.database = sim_server_database("delivery");
	judge.database->committing = judge_commit;
	judge.database->judged = sim_server_database("orders")->judged = true;
	judge.database->forgotten = forget;
	sim_server_database("orders")->committing = sim_judge_outbox_commit;
	sim_judge_place_begin(topic, judge.database);
	sim_judge_outbox_begin(setup);
}

/* --- the end ------------------------------------------------------------------------------- */

/* Nor is it noticed that the log is another one where that has grown past the position, and not
 * past what was done behind it of the old one. */
static bool is_at_end(const struct sim_partition *p, int64_t next)
{
	return next == p->count || (next > p->count && next <= p->old_count);
}

static bool is_read(char *text, unsigned long size)
{
	for (int32_t p = 0; p < judge.topic->partition_count; p++) {
		const struct sim_value *v = see(NULL, T_POSITION, p, 0, 0);
		int64_t next = v ? v->number[NEXT] : 0;

		if (is_at_end(&judge.topic->partitions[p], next))
			continue;
		(void)snprintf(text, size,
			       "partition %d is at %" PRId64 ", the log ends at %" PRId64, (int)p,
			       next, judge.topic->partitions[p].count);
		return false;
	}
	return true;
}

bool sim_judge_is_complete(char *text, unsigned long size)
{
	const struct sim_table *parked = &judge.database->tables[T_PARKED];
	bool made = judge.setup->with_orders ? sim_client_is_done() : sim_feed_is_done();

	if (!made) {
		(void)snprintf(text, size, "events are still to come, or commands to be answered");
		return false;
	}
	if (!sim_judge_outbox_is_complete(text, size) || !is_read(text, size))
		return false;
	if (!judge.setup->in_sequence || parked->count == 0)
		return true;
	(void)snprintf(text, size, "order %" PRId64 " version %" PRId64 " is parked",
		       parked->rows[0]->key[0], parked->rows[0]->key[1]);
	return false;
}

/* False: a version of it is missing, so some follow-up may have had no effect. */
static bool has_all(int64_t order, int64_t version)
{
	for (int64_t v = 1; v <= version; v++) {
		if (may_lack(order, v))
			return false;
	}
	return true;
}

static void look_at_order(void *unused, int64_t order, int32_t version, int64_t content)
{
	const struct sim_value *delivery = see(NULL, T_DELIVERY, order, 0, 0);
	const struct sim_value *history = see(NULL, T_HISTORY, order, version, 0);

	(void)unused;
	if (version == 0 || !sim_judge_outbox_is_ordered(order) || !has_all(order, version))
		return;
	for (int32_t v = 1; v <= version; v++) {
		if (!see(NULL, T_HISTORY, order, v, 0))
			sim_world_violation("order %" PRId64 ": version %d has had no effect",
					    order, (int)v);
	}
	if (!delivery || delivery->number[1] != version)
		sim_world_violation("order %" PRId64 ": the delivery is not at version %d", order,
				    (int)version);
	else if (content && history && history->number[2] != content)
		sim_world_violation("order %" PRId64 ": another content than the last event's",
				    order);
}

void sim_judge_end(void)
{
	const struct sim_table *orders = &sim_server_database("orders")->tables[T_ORDERS];

	sim_feed_each(look_at_order, NULL);
	for (size_t i = 0; i < orders->count; i++)
		look_at_order(NULL, orders->rows[i]->key[0],
			      (int32_t)orders->rows[i]->committed->number[0], 0);
	sim_judge_client_end();
}

long sim_judge_effects(void)
{
	return judge.effects;
}
