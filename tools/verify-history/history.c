#include "tools/verify-history/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void history_fini(struct history *h)
{
	struct history_order *order = h->orders, *next;
	struct history_replay *replay = h->replays, *next_replay;

	/* The table goes first, in one step: taking out one by one would touch all of it again. */
	if (order)
		HASH_CLEAR(hh, h->orders);
	if (replay)
		HASH_CLEAR(hh, h->replays);
	for (; replay; replay = next_replay) {
		next_replay = replay->hh.next;
		free(replay);
	}
	for (; order; order = next) {
		next = order->hh.next;
		free(order->facts);
		free(order);
	}
	for (uint16_t i = 0; i < h->replica_count; i++)
		free(h->replicas[i]);
	free(h->replicas);
	free(h->partitions);
	free(h->holes.list);
	free(h->letter_holes.list);
	*h = (struct history){ 0 };
}

/* FNV-1a. */
uint32_t history_digest(const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint32_t digest = 2166136261u;

	for (size_t i = 0; i < len; i++)
		digest = (digest ^ at[i]) * 16777619u;
	return digest;
}

static uint32_t digest_text(const char *text)
{
	return history_digest(text, strlen(text));
}

struct content history_content(const struct order_event *event)
{
	return (struct content){ .customer_id = event->customer_id,
				 .qty = event->qty,
				 .product_id = digest_text(event->product_id),
				 .product_name = digest_text(event->product_name),
				 .address = digest_text(event->address) };
}

uint32_t history_content_digest(const struct content *content)
{
	static_assert(sizeof(*content) == 24, "it has no padding, which would count");

	return history_digest(content, sizeof(*content));
}

static struct history_order *new_order(struct history *h, int64_t id)
{
	struct history_order *order = calloc(1, sizeof(*order));

	if (!order)
		return NULL;
	order->id = id;
	order->content_version = -1;
	HASH_ADD(hh, h->orders, id, sizeof(order->id), order);
	/* uthash leaves out what it has no memory for. */
	if (!order->hh.tbl) {
		free(order);
		return NULL;
	}
	return order;
}

struct history_order *history_order(struct history *h, int64_t id)
{
	struct history_order *order;

	HASH_FIND(hh, h->orders, &id, sizeof(id), order);
	if (!order)
		order = new_order(h, id);
	if (!order)
		h->no_memory = true;
	return order;
}

/* Room for one fact more. Most orders have few: they grow by a half, not by the double. */
static bool reserve(struct history_order *order)
{
	uint32_t capacity = order->capacity + order->capacity / 2 + 3;
	struct fact *facts;

	if (order->count < order->capacity)
		return true;
	facts = realloc(order->facts, capacity * sizeof(*facts));
	if (!facts)
		return false;
	order->facts = facts;
	order->capacity = capacity;
	return true;
}

static void add(struct history *h, struct history_order *order, struct fact fact)
{
	if (!reserve(order)) {
		h->no_memory = true;
		return;
	}
	if (fact.source == FACT_EFFECT) {
		fact.mark = order->effect_count++;
		order->last_effect = order->count;
	}
	order->facts[order->count++] = fact;
}

void history_add(struct history *h, int64_t order_id, struct fact fact)
{
	struct history_order *order = history_order(h, order_id);

	if (order)
		add(h, order, fact);
}

/* The event is the one that made the order's last effect. */
static bool is_last_effect(const struct history_order *order, const struct fact *event)
{
	const struct fact *last = &order->facts[order->last_effect];

	return order->effect_count > 0 && last->version == 0 &&
	       last->partition == event->partition && last->offset == event->offset;
}

void history_add_event(struct history *h, int64_t order_id, struct fact fact,
		       const struct content *content)
{
	struct history_order *order = history_order(h, order_id);

	if (!order)
		return;
	if (fact.version > 0 ? fact.version > order->content_version
			     : is_last_effect(order, &fact)) {
		order->content = *content;
		order->content_version = fact.version;
	}
	fact.content = history_content_digest(content);
	add(h, order, fact);
}

/* --- replays ------------------------------------------------------------------------------- */

static const struct history_replay *find_replay(const struct history *h, const struct fact *fact)
{
	const struct history_offset here = { fact->partition, fact->offset };
	struct history_replay *replay;

	HASH_FIND(hh, h->replays, &here, sizeof(here), replay);
	return replay;
}

struct history_offset history_first_offset(const struct history *h, const struct fact *fact)
{
	const struct history_replay *replay = find_replay(h, fact);

	return replay ? replay->first : (struct history_offset){ fact->partition, fact->offset };
}

static bool remember_replay(struct history *h, const struct fact *fact, struct history_offset first)
{
	struct history_replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return false;
	replay->here = (struct history_offset){ fact->partition, fact->offset };
	replay->first = first;
	HASH_ADD(hh, h->replays, here, sizeof(replay->here), replay);
	if (replay->hh.tbl)
		return true;
	free(replay);
	return false;
}

void history_add_replay(struct history *h, int64_t order_id, struct fact fact,
			struct history_offset first, const struct content *content)
{
	if (!remember_replay(h, &fact, first))
		h->no_memory = true;
	else if (content)
		history_add_event(h, order_id, fact, content);
	else
		history_add(h, order_id, fact);
}

/* --- holes --------------------------------------------------------------------------------- */

void history_add_hole(struct history *h, struct history_holes *holes, int32_t partition,
		      int64_t count)
{
	struct history_hole *grown =
		realloc(holes->list, ((size_t)holes->count + 1) * sizeof(*grown));

	if (!grown) {
		h->no_memory = true;
		return;
	}
	holes->list = grown;
	grown[holes->count++] = (struct history_hole){ partition, count, INT64_MAX };
}

static struct history_hole *find_hole(const struct history_holes *holes, int64_t partition)
{
	for (uint32_t i = 0; i < holes->count; i++) {
		if (holes->list[i].partition == partition)
			return &holes->list[i];
	}
	return NULL;
}

const struct history_hole *history_find_hole(const struct history_holes *holes, int64_t partition)
{
	return find_hole(holes, partition);
}

void history_end_hole(struct history_holes *holes, int32_t partition, int64_t at_ms)
{
	struct history_hole *hole = find_hole(holes, partition);

	if (hole)
		hole->until_ms = at_ms;
}

/* --- names and partitions ------------------------------------------------------------------ */

uint16_t history_replica(struct history *h, const char *name)
{
	char **grown;

	/* The last ones are asked for most. */
	for (uint16_t i = h->replica_count; i > 0; i--) {
		if (strcmp(h->replicas[i - 1], name) == 0)
			return (uint16_t)(i - 1);
	}
	grown = h->replica_count < UINT16_MAX
			? realloc(h->replicas, ((size_t)h->replica_count + 1) * sizeof(*grown))
			: NULL;
	if (grown) {
		h->replicas = grown;
		grown[h->replica_count] = strdup(name);
	}
	if (!grown || !grown[h->replica_count]) {
		h->no_memory = true;
		return 0;
	}
	return h->replica_count++;
}

struct history_partition *history_partition(struct history *h, int32_t number)
{
	struct history_partition *grown;

	if (number < 0 || number >= HISTORY_PARTITIONS_MAX)
		return NULL;
	if (number < h->partition_count)
		return &h->partitions[number];
	grown = realloc(h->partitions, ((size_t)number + 1) * sizeof(*grown));
	if (!grown) {
		h->no_memory = true;
		return NULL;
	}
	for (int32_t i = h->partition_count; i <= number; i++)
		grown[i] = (struct history_partition){ .next_offset = -1, .last_offset = -1 };
	h->partitions = grown;
	h->partition_count = number + 1;
	return &grown[number];
}
