/*
 * A model of the database that does with the resequencer what batch_load and batch_save do, so
 * that a test sees what several transactions leave behind.
 *
 * Threads: each test has its own process.
 */
#ifndef TESTS_UNIT_RESEQUENCER_MODEL_H
#define TESTS_UNIT_RESEQUENCER_MODEL_H

#include "delivery-service/core/resequencer.h"
#include "tests/unit/unit.h"

#define EVENTS_MAX 64
#define ROWS_MAX   512
#define ORDERS_MAX 8
#define ALL        ROWS_MAX /* fetches, more than any test needs */

/* --- the database -------------------------------------------------------------------------- */

struct row {
	int64_t order_id;
	int32_t version;
	enum event_type type;
};

struct table {
	struct row rows[ROWS_MAX];
	size_t count;
};

struct delivery_row {
	int64_t order_id;
	int32_t version;
	enum delivery_state state;
};

static struct {
	struct delivery_row deliveries[ORDERS_MAX];
	size_t delivery_count;
	struct table history, parked, skipped, unknown, passed; /* the last two: dead letters */
	struct topic_offset plain[ROWS_MAX];                    /* applied without a version */
	size_t plain_count;
	size_t late_count;
} db;

static inline size_t find(const struct table *table, int64_t order_id, int32_t version)
{
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].order_id == order_id && table->rows[i].version == version)
			return i;
	}
	return SIZE_MAX;
}

static inline bool has(const struct table *table, int64_t order_id, int32_t version)
{
	return find(table, order_id, version) != SIZE_MAX;
}

static inline void insert(struct table *table, const struct order_event *e)
{
	cr_assert_lt(table->count, ROWS_MAX);
	table->rows[table->count++] = (struct row){ e->order_id, e->version, e->type };
}

static inline void remove_row(struct table *table, const struct order_event *e)
{
	size_t i = find(table, e->order_id, e->version);

	if (i != SIZE_MAX)
		table->rows[i] = table->rows[--table->count];
}

static inline int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->order_id != y->order_id)
		return x->order_id > y->order_id ? 1 : -1;
	return (x->version > y->version) - (x->version < y->version);
}

static inline void sort(struct table *table)
{
	qsort(table->rows, table->count, sizeof(table->rows[0]), compare_rows);
}

static inline struct delivery_row *find_delivery(int64_t order_id)
{
	for (size_t i = 0; i < db.delivery_count; i++) {
		if (db.deliveries[i].order_id == order_id)
			return &db.deliveries[i];
	}
	return NULL;
}

static inline void put_delivery(int64_t order_id, int32_t version, enum delivery_state state)
{
	struct delivery_row *row = find_delivery(order_id);

	if (!row) {
		cr_assert_lt(db.delivery_count, ORDERS_MAX);
		row = &db.deliveries[db.delivery_count++];
	}
	*row = (struct delivery_row){ order_id, version, state };
}

static inline void load_seen(struct batch_key *key)
{
	size_t i = find(&db.history, key->order_id, key->version);

	key->seen = i != SIZE_MAX;
	if (key->seen)
		key->content = event_content(&(struct order_event){
			.order_id = key->order_id,
			.version = key->version,
			.type = db.history.rows[i].type,
		});
}

static inline struct topic_offset *find_plain(struct topic_offset at)
{
	for (size_t i = 0; i < db.plain_count; i++) {
		if (db.plain[i].partition == at.partition && db.plain[i].offset == at.offset)
			return &db.plain[i];
	}
	return NULL;
}

static inline void skip_version(int64_t order_id, int32_t version)
{
	insert(&db.skipped, &(struct order_event){ .order_id = order_id, .version = version });
}

/* --- the batch ----------------------------------------------------------------------------- */

static struct order_event contents[EVENTS_MAX];
static struct event_record inbounds[EVENTS_MAX];
static struct event_record *events[EVENTS_MAX];
static struct delivery_decision decisions[EVENTS_MAX]; /* of the last batch's events */
static size_t event_count;
static int64_t next_offset;

/* The store's settings; the page is FETCH_PER_ORDER there. */
static bool in_sequence;
static size_t page_size;

static inline void begin(bool sequence)
{
	memset(&db, 0, sizeof(db));
	event_count = 0;
	in_sequence = sequence;
	page_size = 3;
}

static inline void add_at(int64_t order_id, enum event_type type, int32_t version,
			  struct topic_offset origin)
{
	cr_assert_lt(event_count, EVENTS_MAX);
	contents[event_count] = (struct order_event){
		.order_id = order_id,
		.version = version,
		.type = type,
	};
	inbounds[event_count] = (struct event_record){
		.event = &contents[event_count],
		.at = { 0, next_offset++ },
		.origin = origin,
	};
	events[event_count] = &inbounds[event_count];
	event_count++;
}

static inline void add(int64_t order_id, enum event_type type, int32_t version)
{
	add_at(order_id, type, version, (struct topic_offset){ 0, next_offset });
}

/* What is skipped or a dead letter stands in the batch too. */
static inline void add_none(void)
{
	inbounds[event_count] = (struct event_record){ .event = NULL };
	events[event_count] = &inbounds[event_count];
	event_count++;
}

static inline void load(struct delivery_batch *b)
{
	for (size_t i = 0; i < b->order_count; i++) {
		struct batch_order *order = &b->orders[i];
		const struct delivery_row *row = find_delivery(order->order_id);

		if (row) {
			order->version = row->version;
			order->state = row->state;
		}
	}
	for (size_t i = 0; i < b->key_count; i++)
		load_seen(&b->keys[i]);
	for (size_t i = 0; i < b->offset_count; i++)
		b->offsets[i].seen = find_plain(b->offsets[i].origin) != NULL;
}

/* Parked events matter in sequence, and where nothing else is in the batch (resuming). */
static inline void load_parked(struct delivery_batch *b)
{
	sort(&db.parked);
	sort(&db.skipped);
	for (size_t i = db.parked.count; i-- > 0;) {
		struct batch_order *order = delivery_batch_order(b, db.parked.rows[i].order_id);

		if (!order)
			continue;
		order->has_parked = true;
		order->next_parked = db.parked.rows[i].version;
	}
	b->skipped = calloc(db.skipped.count + 1, sizeof(*b->skipped));
	cr_assert(b->skipped);
	for (size_t i = 0; i < db.skipped.count; i++)
		b->skipped[b->skipped_count++] = (struct batch_skipped){
			db.skipped.rows[i].order_id,
			db.skipped.rows[i].version,
		};
}

static inline struct event_record *new_parked(const struct row *row)
{
	struct event_record *record = calloc(1, sizeof(*record));

	cr_assert(record);
	record->event = calloc(1, sizeof(*record->event));
	cr_assert(record->event);
	record->event->order_id = row->order_id;
	record->event->version = row->version;
	record->event->type = row->type;
	return record;
}

/* Returns how many there are, page_size at most. */
static inline size_t fetch_page(struct delivery_batch *b, const struct batch_order *order)
{
	struct error err;
	size_t count = 0;

	cr_assert(order->next_parked > 0 && order->next_parked <= INT32_MAX,
		  "order %d wants a version %lld", (int)order->order_id,
		  (long long)order->next_parked);
	cr_assert_eq(delivery_batch_reserve(b, page_size, &err), ST_OK);
	for (size_t i = 0; i < db.parked.count && count < page_size; i++) {
		const struct row *row = &db.parked.rows[i];

		if (row->order_id != order->order_id || row->version < order->next_parked)
			continue;
		delivery_batch_add_fetched(b, new_parked(row),
					   has(&db.history, row->order_id, row->version));
		count++;
	}
	return count;
}

/* A page of each order that wants one; false: none does. */
static inline bool fetch(struct delivery_batch *b)
{
	bool complete[ORDERS_MAX] = { false };
	size_t first = b->fetched_count;
	int32_t limit;

	cr_assert_leq(b->order_count, ORDERS_MAX);
	if (!resequencer_ask(b, &limit))
		return false;
	for (size_t i = 0; i < b->order_count; i++) {
		if (b->orders[i].asked)
			complete[i] = fetch_page(b, &b->orders[i]) < page_size;
	}
	resequencer_answer(b, first, (int32_t)page_size);
	for (size_t i = 0; i < b->order_count; i++) {
		if (complete[i])
			cr_assert_not(resequencer_wanting(b, &b->orders[i]),
				      "the database has no more");
	}
	return true;
}

/* --- what is written ----------------------------------------------------------------------- */

static inline void save_applied(struct delivery_batch *b)
{
	for (size_t i = 0; i < b->applied_count; i++) {
		const struct event_record *record = b->applied[i].record;

		cr_assert_eq(b->applied[i].decision.verdict, DELIVERY_APPLY);
		db.late_count += b->applied[i].decision.late;
		if (record->event->version > 0) {
			cr_assert_not(has(&db.history, record->event->order_id,
					  record->event->version),
				      "version %d is applied twice", record->event->version);
			if (delivery_batch_order(b, record->event->order_id)->has_parked)
				remove_row(&db.parked, record->event);
		} else {
			cr_assert_null(find_plain(record->origin), "a place is applied twice");
			cr_assert_lt(db.plain_count, ROWS_MAX);
			db.plain[db.plain_count++] = record->origin;
		}
		insert(&db.history, record->event);
	}
}

static inline void save_orders(struct delivery_batch *b)
{
	const struct batch_event *last[ORDERS_MAX] = { NULL };

	for (size_t i = 0; i < b->applied_count; i++)
		last[delivery_batch_order(b, b->applied[i].record->event->order_id) - b->orders] =
			&b->applied[i];
	for (size_t i = 0; i < b->order_count; i++) {
		const struct batch_order *order = &b->orders[i];

		cr_assert_eq(order->content, last[i] ? last[i]->record->event : NULL);
		if (!order->content)
			continue;
		cr_assert_eq(order->state, last[i]->decision.next);
		put_delivery(order->order_id, order->version, order->state);
	}
}

/* fetched: it stands in the parked table; returns whether it had an effect. */
static inline bool save_other(const struct batch_event *event, bool fetched)
{
	const struct event_record *record = event->record;

	switch (event->decision.verdict) {
	case DELIVERY_APPLY:
		return true;
	case DELIVERY_PARK:
		cr_assert(in_sequence);
		if (!fetched && !has(&db.parked, record->event->order_id, record->event->version))
			insert(&db.parked, record->event);
		return false;
	case DELIVERY_UNKNOWN:
		insert(&db.unknown, record->event);
		break;
	case DELIVERY_TOO_LATE:
		insert(&db.passed, record->event);
		break;
	case DELIVERY_DUPLICATE:
	case DELIVERY_CONFLICT:
		break;
	}
	if (fetched)
		remove_row(&db.parked, record->event);
	return false;
}

static inline void save(struct delivery_batch *b)
{
	size_t effects = 0;

	save_applied(b);
	save_orders(b);
	for (size_t i = 0; i < b->event_count; i++)
		effects += b->events[i].record->event && save_other(&b->events[i], false);
	cr_assert_leq(effects, b->applied_count, "an event was forgotten");
	for (size_t i = 0; i < b->fetched_count; i++)
		(void)save_other(&b->fetched[i], true);
}

/* --- transactions -------------------------------------------------------------------------- */

/* With at most fetches round trips for parked events. True: more of them could be applied. */
static inline bool transact(const int64_t *ids, size_t id_count, unsigned fetches)
{
	struct delivery_batch b;
	struct error err;
	bool more = false;

	cr_assert_eq(delivery_batch_init(&b, in_sequence, id_count ? NULL : events,
					 id_count ? 0 : event_count, ids, id_count, &err),
		     ST_OK);
	load(&b);
	if (in_sequence || id_count > 0)
		load_parked(&b);
	resequencer_decide(&b);
	for (unsigned n = 0; n < fetches && fetch(&b); n++)
		continue;
	for (size_t i = 0; i < b.order_count; i++)
		more |= resequencer_wanting(&b, &b.orders[i]);
	save(&b);
	for (size_t i = 0; i < b.event_count; i++)
		decisions[i] = b.events[i].decision;
	for (size_t i = 0; i < b.fetched_count; i++) {
		free(b.fetched[i].record->event);
		free(b.fetched[i].record);
	}
	delivery_batch_fini(&b);
	return more;
}

/* Writes the events that were added; their verdicts stand until the next ones are added. */
static inline void write_events(void)
{
	cr_expect_not(transact(NULL, 0, ALL));
}

static inline void next_batch(void)
{
	event_count = 0;
}

static inline void write_one(int64_t order_id, enum event_type type, int32_t version)
{
	next_batch();
	add(order_id, type, version);
	write_events();
}

static inline void resume(int64_t order_id)
{
	cr_expect_not(transact(&order_id, 1, ALL));
}

/* "1 2 3": an order's versions in a table, as they stand there. */
static inline const char *versions(const struct table *table, int64_t order_id)
{
	static char texts[4][ROWS_MAX * 4];
	static unsigned turn;
	char *text = texts[turn++ % COUNT_OF(texts)];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].order_id == order_id)
			len += (size_t)snprintf(text + len, sizeof(texts[0]) - len, "%s%d",
						len ? " " : "", table->rows[i].version);
	}
	return text;
}

#define expect_versions(table, order_id, expected)                                                 \
	expect_text(versions(&db.table, order_id), expected)

static inline void expect_verdicts(const enum delivery_verdict *verdicts, size_t count)
{
	cr_assert_eq(count, event_count);
	for (size_t i = 0; i < count; i++)
		cr_expect_eq(decisions[i].verdict, verdicts[i], "event %zu: verdict %d", i,
			     (int)decisions[i].verdict);
}

#define expect_all(...)                                                                            \
	expect_verdicts((const enum delivery_verdict[]){ __VA_ARGS__ },                            \
			COUNT_OF(((const enum delivery_verdict[]){ __VA_ARGS__ })))

static inline void expect_delivery(int64_t order_id, int32_t version, enum delivery_state state)
{
	const struct delivery_row *row = find_delivery(order_id);

	cr_assert(row, "order %d has no delivery", (int)order_id);
	cr_expect_eq(row->version, version, "version %d", row->version);
	cr_expect_eq(row->state, state, "state %d", (int)row->state);
}

#endif
