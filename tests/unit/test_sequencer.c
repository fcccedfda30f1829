/*
 * The sequencer, over a model of the database that does with it what delivery_load and
 * delivery_save do, so that a test sees what several transactions leave behind.
 */
#include "delivery-service/sequencer.h"
#include "tests/unit/unit.h"

TestSuite(sequencer, .init = unit_deadline);

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
	struct table history, parked, given_up, unknown, passed; /* the last two: dead letters */
	struct place plain[ROWS_MAX];                            /* applied without a version */
	size_t plain_count;
	size_t late_count;
} db;

static size_t find(const struct table *table, int64_t order_id, int32_t version)
{
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].order_id == order_id && table->rows[i].version == version)
			return i;
	}
	return SIZE_MAX;
}

static bool has(const struct table *table, int64_t order_id, int32_t version)
{
	return find(table, order_id, version) != SIZE_MAX;
}

static void insert(struct table *table, const struct order_event *e)
{
	cr_assert_lt(table->count, ROWS_MAX);
	table->rows[table->count++] = (struct row){ e->order_id, e->version, e->type };
}

static void remove_row(struct table *table, const struct order_event *e)
{
	size_t i = find(table, e->order_id, e->version);

	if (i != SIZE_MAX)
		table->rows[i] = table->rows[--table->count];
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->order_id != y->order_id)
		return x->order_id > y->order_id ? 1 : -1;
	return (x->version > y->version) - (x->version < y->version);
}

static void sort(struct table *table)
{
	qsort(table->rows, table->count, sizeof(table->rows[0]), compare_rows);
}

static struct delivery_row *find_delivery(int64_t order_id)
{
	for (size_t i = 0; i < db.delivery_count; i++) {
		if (db.deliveries[i].order_id == order_id)
			return &db.deliveries[i];
	}
	return NULL;
}

static void put_delivery(int64_t order_id, int32_t version, enum delivery_state state)
{
	struct delivery_row *row = find_delivery(order_id);

	if (!row) {
		cr_assert_lt(db.delivery_count, ORDERS_MAX);
		row = &db.deliveries[db.delivery_count++];
	}
	*row = (struct delivery_row){ order_id, version, state };
}

static struct place *find_plain(struct place place)
{
	for (size_t i = 0; i < db.plain_count; i++) {
		if (db.plain[i].partition == place.partition && db.plain[i].offset == place.offset)
			return &db.plain[i];
	}
	return NULL;
}

static void give_up(int64_t order_id, int32_t version)
{
	insert(&db.given_up, &(struct order_event){ .order_id = order_id, .version = version });
}

/* --- the batch ----------------------------------------------------------------------------- */

static struct order_event contents[EVENTS_MAX];
static struct inbound inbounds[EVENTS_MAX];
static struct inbound *events[EVENTS_MAX];
static size_t event_count;
static int64_t next_offset;

/* The store's settings; the page is FETCH_PER_ORDER there. */
static bool in_sequence;
static size_t page_size;

static void begin(bool sequence)
{
	memset(&db, 0, sizeof(db));
	event_count = 0;
	in_sequence = sequence;
	page_size = 3;
}

static void add_at(int64_t order_id, enum event_type type, int32_t version, struct place origin)
{
	cr_assert_lt(event_count, EVENTS_MAX);
	contents[event_count] = (struct order_event){
		.order_id = order_id,
		.version = version,
		.type = type,
	};
	inbounds[event_count] = (struct inbound){
		.event = &contents[event_count],
		.place = { 0, next_offset++ },
		.origin = origin,
	};
	events[event_count] = &inbounds[event_count];
	event_count++;
}

static void add(int64_t order_id, enum event_type type, int32_t version)
{
	add_at(order_id, type, version, (struct place){ 0, next_offset });
}

/* What is skipped or a dead letter stands in the batch too. */
static void add_none(void)
{
	inbounds[event_count] = (struct inbound){ .event = NULL };
	events[event_count] = &inbounds[event_count];
	event_count++;
}

/* Any event of a version: the first places the order, the fourth ends it. */
static enum event_type type_of(int32_t version)
{
	return version == 1 ? EVENT_PLACED : version == 4 ? EVENT_CANCELLED : EVENT_MODIFIED;
}

static void load(struct delivery_batch *b)
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
		b->keys[i].seen = has(&db.history, b->keys[i].order_id, b->keys[i].version);
	for (size_t i = 0; i < b->place_count; i++)
		b->places[i].seen = find_plain(b->places[i].origin) != NULL;
}

/* Parked events matter in sequence, and where nothing else is in the batch (resuming). */
static void load_parked(struct delivery_batch *b)
{
	sort(&db.parked);
	sort(&db.given_up);
	for (size_t i = db.parked.count; i-- > 0;) {
		struct batch_order *order = delivery_batch_order(b, db.parked.rows[i].order_id);

		if (!order)
			continue;
		order->has_parked = true;
		order->next_parked = db.parked.rows[i].version;
	}
	b->given_up = calloc(db.given_up.count + 1, sizeof(*b->given_up));
	cr_assert(b->given_up);
	for (size_t i = 0; i < db.given_up.count; i++)
		b->given_up[b->given_up_count++] = (struct batch_given_up){
			db.given_up.rows[i].order_id,
			db.given_up.rows[i].version,
		};
}

static struct inbound *new_parked(const struct row *row)
{
	struct inbound *in = calloc(1, sizeof(*in));

	cr_assert(in);
	in->event = calloc(1, sizeof(*in->event));
	cr_assert(in->event);
	in->event->order_id = row->order_id;
	in->event->version = row->version;
	in->event->type = row->type;
	return in;
}

static void fetch_page(struct delivery_batch *b, struct batch_order *order, int64_t from)
{
	bool seen[ROWS_MAX];
	size_t first = b->fetched_count, count = 0;
	struct error err;

	cr_assert_eq(delivery_batch_reserve(b, page_size, &err), ST_OK);
	for (size_t i = 0; i < db.parked.count && count < page_size; i++) {
		const struct row *row = &db.parked.rows[i];

		if (row->order_id != order->order_id || row->version < from)
			continue;
		seen[count++] = has(&db.history, row->order_id, row->version);
		b->fetched[b->fetched_count++] = new_parked(row);
	}
	sequencer_fetched(b, order, first, seen, count, count < page_size);
	if (count < page_size)
		cr_assert_not(sequencer_wanting(b, order), "the database has no more");
}

/* A page of each order that wants one; false: none does. */
static bool fetch(struct delivery_batch *b)
{
	int64_t from[ORDERS_MAX] = { 0 };
	bool any = false;

	cr_assert_leq(b->order_count, ORDERS_MAX);
	for (size_t i = 0; i < b->order_count; i++) {
		if (!sequencer_wanting(b, &b->orders[i]))
			continue;
		from[i] = b->orders[i].next_parked;
		cr_assert(from[i] > 0 && from[i] <= INT32_MAX, "order %d wants a version %lld",
			  (int)b->orders[i].order_id, (long long)from[i]);
		any = true;
	}
	for (size_t i = 0; i < b->order_count; i++) {
		if (from[i] > 0)
			fetch_page(b, &b->orders[i], from[i]);
	}
	return any;
}

/* --- what is written ----------------------------------------------------------------------- */

static void save_applied(struct delivery_batch *b)
{
	for (size_t i = 0; i < b->applied_count; i++) {
		const struct inbound *in = b->applied[i];

		cr_assert_eq(in->decision.verdict, DELIVERY_APPLY);
		db.late_count += in->decision.late;
		if (in->event->version > 0) {
			cr_assert_not(has(&db.history, in->event->order_id, in->event->version),
				      "version %d is applied twice", in->event->version);
			if (delivery_batch_order(b, in->event->order_id)->has_parked)
				remove_row(&db.parked, in->event);
		} else {
			cr_assert_null(find_plain(in->origin), "a place is applied twice");
			cr_assert_lt(db.plain_count, ROWS_MAX);
			db.plain[db.plain_count++] = in->origin;
		}
		insert(&db.history, in->event);
	}
}

static void save_orders(struct delivery_batch *b)
{
	const struct inbound *last[ORDERS_MAX] = { NULL };

	for (size_t i = 0; i < b->applied_count; i++)
		last[delivery_batch_order(b, b->applied[i]->event->order_id) - b->orders] =
			b->applied[i];
	for (size_t i = 0; i < b->order_count; i++) {
		const struct batch_order *order = &b->orders[i];

		cr_assert_eq(order->content, last[i] ? last[i]->event : NULL);
		if (!order->content)
			continue;
		cr_assert_eq(order->state, last[i]->decision.next);
		put_delivery(order->order_id, order->version, order->state);
	}
}

/* fetched: it stands in the parked table; returns whether it had an effect. */
static bool save_other(const struct inbound *in, bool fetched)
{
	switch (in->decision.verdict) {
	case DELIVERY_APPLY:
		return true;
	case DELIVERY_PARK:
		cr_assert(in_sequence);
		if (!fetched && !has(&db.parked, in->event->order_id, in->event->version))
			insert(&db.parked, in->event);
		return false;
	case DELIVERY_UNKNOWN:
		insert(&db.unknown, in->event);
		break;
	case DELIVERY_PASSED:
		insert(&db.passed, in->event);
		break;
	case DELIVERY_DUPLICATE:
		break;
	}
	if (fetched)
		remove_row(&db.parked, in->event);
	return false;
}

static void save(struct delivery_batch *b)
{
	size_t effects = 0;

	save_applied(b);
	save_orders(b);
	for (size_t i = 0; i < b->event_count; i++)
		effects += b->events[i]->event && save_other(b->events[i], false);
	cr_assert_leq(effects, b->applied_count, "an event was forgotten");
	for (size_t i = 0; i < b->fetched_count; i++)
		(void)save_other(b->fetched[i], true);
}

/* --- transactions -------------------------------------------------------------------------- */

/* With at most fetches round trips for parked events. True: more of them could be applied. */
static bool transact(const int64_t *ids, size_t id_count, unsigned fetches)
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
	sequencer_decide(&b);
	for (unsigned n = 0; n < fetches && fetch(&b); n++)
		continue;
	for (size_t i = 0; i < b.order_count; i++)
		more |= sequencer_wanting(&b, &b.orders[i]);
	save(&b);
	for (size_t i = 0; i < b.fetched_count; i++) {
		free(b.fetched[i]->event);
		free(b.fetched[i]);
	}
	delivery_batch_fini(&b);
	return more;
}

/* Writes the events that were added; their verdicts stand until the next ones are added. */
static void write_events(void)
{
	cr_expect_not(transact(NULL, 0, ALL));
}

static void next_batch(void)
{
	event_count = 0;
}

static void write_one(int64_t order_id, enum event_type type, int32_t version)
{
	next_batch();
	add(order_id, type, version);
	write_events();
}

static void resume(int64_t order_id)
{
	cr_expect_not(transact(&order_id, 1, ALL));
}

/* "1 2 3": an order's versions in a table, as they stand there. */
static const char *versions(const struct table *table, int64_t order_id)
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

static void expect_verdicts(const enum delivery_verdict *verdicts, size_t count)
{
	cr_assert_eq(count, event_count);
	for (size_t i = 0; i < count; i++)
		cr_expect_eq(inbounds[i].decision.verdict, verdicts[i], "event %zu: verdict %d", i,
			     (int)inbounds[i].decision.verdict);
}

#define expect_all(...)                                                                            \
	expect_verdicts((const enum delivery_verdict[]){ __VA_ARGS__ },                            \
			COUNT_OF(((const enum delivery_verdict[]){ __VA_ARGS__ })))

static void expect_delivery(int64_t order_id, int32_t version, enum delivery_state state)
{
	const struct delivery_row *row = find_delivery(order_id);

	cr_assert(row, "order %d has no delivery", (int)order_id);
	cr_expect_eq(row->version, version, "version %d", row->version);
	cr_expect_eq(row->state, state, "state %d", (int)row->state);
}

/* --- without sequence ---------------------------------------------------------------------- */

Test(sequencer, off_several_events_of_one_order)
{
	begin(false);
	add(7, EVENT_PLACED, 1);
	add(8, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add_none();
	add(7, EVENT_CANCELLED, 3);
	write_events();
	expect_versions(history, 7, "1 2 3");
	expect_delivery(7, 3, DELIVERY_CANCELLED);
	expect_delivery(8, 1, DELIVERY_STARTED);
}

/* The lab's lesson inside one batch: cancelled overtakes modified. */
Test(sequencer, off_a_late_event_is_applied_and_marked)
{
	begin(false);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_CANCELLED, 3);
	add(7, EVENT_MODIFIED, 2);
	write_events();
	expect_versions(history, 7, "1 3 2");
	expect_delivery(7, 3, DELIVERY_MODIFIED);
	cr_expect_not(inbounds[1].decision.late);
	cr_expect(inbounds[2].decision.late);
}

Test(sequencer, off_duplicates_in_the_batch_and_in_the_history)
{
	begin(false);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_CANCELLED, 2);
	add(7, EVENT_PLACED, 1);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_DUPLICATE, DELIVERY_APPLY, DELIVERY_DUPLICATE);

	next_batch();
	add(7, EVENT_CANCELLED, 2);
	write_events();
	expect_all(DELIVERY_DUPLICATE);
	expect_versions(history, 7, "1 2");
	expect_delivery(7, 2, DELIVERY_CANCELLED);
}

/* A dead letter had no effect, so its repeat is none: it is applied once the order is there. */
Test(sequencer, off_what_had_no_effect_is_not_seen)
{
	struct place origin = { 3, 5 };

	begin(false);
	add(7, EVENT_MODIFIED, 2);
	add_at(7, EVENT_MODIFIED, 0, origin);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add_at(7, EVENT_MODIFIED, 0, origin);
	add(7, EVENT_MODIFIED, 2);
	add_at(7, EVENT_MODIFIED, 0, origin);
	write_events();
	expect_all(DELIVERY_UNKNOWN, DELIVERY_UNKNOWN, DELIVERY_APPLY, DELIVERY_APPLY,
		   DELIVERY_APPLY, DELIVERY_DUPLICATE, DELIVERY_DUPLICATE);
	cr_expect_eq(db.unknown.count, 2);
}

/* Turned off, what was parked is applied as it stands, page by page, missing versions or not. */
Test(sequencer, off_what_was_parked_is_applied_in_version_order)
{
	begin(true);
	write_one(7, EVENT_PLACED, 1);
	for (int32_t version = 12; version >= 3; version--)
		write_one(7, EVENT_MODIFIED, version);
	write_one(8, EVENT_MODIFIED, 2);
	in_sequence = false;
	write_one(7, EVENT_MODIFIED, 5);
	cr_expect_eq(db.parked.count, 11, "a write in off mode does not look at them");

	resume(7);
	expect_versions(history, 7, "1 5 3 4 6 7 8 9 10 11 12");
	expect_versions(parked, 7, "");
	expect_delivery(7, 12, DELIVERY_MODIFIED);
	resume(8);
	expect_versions(unknown, 8, "2");
	cr_expect_eq(db.parked.count, 0);
	write_one(7, EVENT_MODIFIED, 2);
	expect_all(DELIVERY_APPLY);
	cr_expect(inbounds[0].decision.late);
}

/* --- in sequence --------------------------------------------------------------------------- */

/* Every permutation of four versions, cut into batches in every way, with every page size. */
Test(sequencer, four_versions_come_in_any_order)
{
	size_t permutations = 0;

	for (unsigned code = 0; code < 256; code++) {
		int32_t order[4];
		unsigned used = 0;

		for (unsigned i = 0; i < 4; i++) {
			order[i] = (int32_t)(code >> 2 * i & 3) + 1;
			used |= 1u << order[i];
		}
		if (used != 0x1e)
			continue;
		permutations++;
		for (unsigned cuts = 0; cuts < 8; cuts++) {
			for (size_t page = 1; page <= 4; page++) {
				begin(true);
				page_size = page;
				for (unsigned i = 0; i < 4; i++) {
					add(7, type_of(order[i]), order[i]);
					if (i < 3 && !(cuts >> i & 1))
						continue;
					write_events();
					next_batch();
				}
				expect_versions(history, 7, "1 2 3 4");
				expect_delivery(7, 4, DELIVERY_CANCELLED);
				cr_expect_eq(db.parked.count, 0);
			}
		}
	}
	cr_expect_eq(permutations, 24);
}

Test(sequencer, what_waits_in_the_batch_is_decided_again)
{
	begin(true);
	add(7, EVENT_CANCELLED, 3);
	add(8, EVENT_MODIFIED, 2);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_MODIFIED, 5);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_PARK, DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_PARK);
	expect_versions(history, 7, "1 2 3");
	expect_versions(parked, 7, "5");
	expect_versions(parked, 8, "2");
	cr_expect_null(find_delivery(8), "nothing has happened to it");
	cr_expect_eq(db.late_count, 0);
}

/* What is parked and what waits in the batch interleave, and pages end anywhere between. */
Test(sequencer, parked_and_waiting_events_interleave)
{
	for (page_size = 1; page_size <= 5;) {
		size_t page = page_size;

		begin(true);
		for (int32_t version = 2; version <= 10; version += 2)
			write_one(7, type_of(version), version);
		next_batch();
		for (int32_t version = 11; version >= 1; version -= 2)
			add(7, type_of(version), version);
		page_size = page;
		write_events();
		expect_versions(history, 7, "1 2 3 4 5 6 7 8 9 10 11");
		cr_expect_eq(db.parked.count, 0);
		page_size = page + 1;
	}
}

/* Fetching may end anywhere: what is left is told, and found by the next transaction. */
Test(sequencer, an_incomplete_fetch_goes_on)
{
	const int64_t id = 7;

	begin(true);
	page_size = 2;
	for (int32_t version = 2; version <= 8; version++)
		write_one(7, EVENT_MODIFIED, version);
	next_batch();
	add(7, EVENT_PLACED, 1);
	cr_expect(transact(NULL, 0, 0));
	expect_versions(history, 7, "1");
	cr_expect(transact(&id, 1, 1));
	expect_versions(history, 7, "1 2 3");
	cr_expect(transact(&id, 1, 2));
	expect_versions(history, 7, "1 2 3 4 5 6 7");
	cr_expect_not(transact(&id, 1, 2));
	expect_versions(history, 7, "1 2 3 4 5 6 7 8");
	cr_expect_eq(db.parked.count, 0);
}

/* A full page that ends where a version is missing: the rest stays parked. */
Test(sequencer, a_fetch_ends_at_a_gap)
{
	begin(true);
	page_size = 2;
	for (int32_t version = 2; version <= 9; version++) {
		if (version != 5)
			write_one(7, EVENT_MODIFIED, version);
	}
	write_one(7, EVENT_PLACED, 1);
	expect_versions(history, 7, "1 2 3 4");
	sort(&db.parked);
	expect_versions(parked, 7, "6 7 8 9");
	write_one(7, EVENT_MODIFIED, 5);
	expect_versions(history, 7, "1 2 3 4 5 6 7 8 9");
}

Test(sequencer, duplicates_in_batch_parked_and_history)
{
	begin(true);
	add(7, EVENT_CANCELLED, 3);
	add(7, EVENT_CANCELLED, 3);
	write_events();
	expect_all(DELIVERY_PARK, DELIVERY_DUPLICATE);

	next_batch();
	add(7, EVENT_CANCELLED, 3);
	write_events();
	expect_all(DELIVERY_PARK);
	expect_versions(parked, 7, "3");

	next_batch();
	add(7, EVENT_CANCELLED, 3);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_CANCELLED, 3);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_DUPLICATE, DELIVERY_APPLY,
		   DELIVERY_DUPLICATE);
	expect_versions(history, 7, "1 2 3");
	cr_expect_eq(db.parked.count, 0, "the parked copy goes too");

	next_batch();
	for (int32_t version = 1; version <= 3; version++)
		add(7, type_of(version), version);
	write_events();
	expect_all(DELIVERY_DUPLICATE, DELIVERY_DUPLICATE, DELIVERY_DUPLICATE);
	cr_expect_eq(db.passed.count, 0);
}

/* A copy of an applied event that is still parked (from off mode) goes without an effect. */
Test(sequencer, a_parked_copy_of_an_applied_event_goes)
{
	begin(true);
	write_one(7, EVENT_MODIFIED, 2);
	write_one(7, EVENT_MODIFIED, 3);
	in_sequence = false;
	write_one(7, EVENT_PLACED, 1);
	write_one(7, EVENT_MODIFIED, 2);
	expect_versions(parked, 7, "2 3");
	in_sequence = true;
	resume(7);
	expect_versions(history, 7, "1 2 3");
	cr_expect_eq(db.parked.count, 0);
	cr_expect_eq(db.passed.count, 0);
}

/* In sequence version 1 must place the order; what is behind a refused one waits. */
Test(sequencer, an_unknown_order_is_refused)
{
	begin(true);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_MODIFIED, 1);
	add(7, EVENT_PLACED, 1);
	add(8, EVENT_CANCELLED, 0);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_UNKNOWN, DELIVERY_APPLY, DELIVERY_UNKNOWN);
	expect_versions(history, 7, "1 2");
	expect_versions(unknown, 7, "1");
}

/* --- given up ------------------------------------------------------------------------------ */

Test(sequencer, a_given_up_version_is_passed_over)
{
	begin(true);
	write_one(7, EVENT_PLACED, 1);
	write_one(7, EVENT_MODIFIED, 4);
	write_one(7, EVENT_MODIFIED, 5);
	give_up(7, 2);
	resume(7);
	expect_versions(history, 7, "1");
	give_up(7, 3);
	resume(7);
	expect_versions(history, 7, "1 4 5");
	expect_delivery(7, 5, DELIVERY_MODIFIED);

	next_batch();
	add(7, EVENT_MODIFIED, 3);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_MODIFIED, 4);
	add(7, EVENT_MODIFIED, 6);
	write_events();
	expect_all(DELIVERY_PASSED, DELIVERY_PASSED, DELIVERY_DUPLICATE, DELIVERY_APPLY);
	expect_versions(passed, 7, "3 2");
}

/* Versions given up ahead count at the moment when their turn comes. */
Test(sequencer, given_up_ahead)
{
	begin(true);
	give_up(7, 2);
	give_up(7, 4);
	give_up(8, 1);
	add(7, EVENT_MODIFIED, 5);
	add(7, EVENT_MODIFIED, 3);
	add(7, EVENT_PLACED, 1);
	write_events();
	expect_versions(history, 7, "1 3 5");
	expect_delivery(7, 5, DELIVERY_MODIFIED);
	write_one(7, EVENT_MODIFIED, 2);
	expect_all(DELIVERY_PASSED);
}

/* The highest version of the row counts what was given up behind the last applied one. */
Test(sequencer, given_up_behind_the_last_one)
{
	begin(true);
	give_up(7, 2);
	give_up(7, 3);
	write_one(7, EVENT_PLACED, 1);
	expect_delivery(7, 3, DELIVERY_STARTED);
	write_one(7, EVENT_CANCELLED, 4);
	expect_all(DELIVERY_APPLY);
}

/* A version that was applied before it was given up stays what it is. */
Test(sequencer, given_up_too_late)
{
	begin(true);
	write_one(7, EVENT_PLACED, 1);
	write_one(7, EVENT_MODIFIED, 2);
	give_up(7, 2);
	write_one(7, EVENT_MODIFIED, 2);
	expect_all(DELIVERY_DUPLICATE);
	write_one(7, EVENT_MODIFIED, 3);
	expect_versions(history, 7, "1 2 3");
}

/* An event waits, its own version is given up, its turn comes: it came in time after all. */
Test(sequencer, given_up_while_it_is_parked)
{
	for (size_t page = 1; page <= 3; page++) {
		begin(true);
		page_size = page;
		write_one(7, EVENT_MODIFIED, 3);
		write_one(7, EVENT_MODIFIED, 2);
		write_one(7, EVENT_MODIFIED, 5);
		give_up(7, 2);
		give_up(7, 3);
		give_up(7, 4);
		write_one(7, EVENT_PLACED, 1);
		expect_versions(history, 7, "1 2 3 5");
		cr_expect_eq(db.passed.count, 0);
		cr_expect_eq(db.parked.count, 0);
	}
}

/* A copy of what is parked comes and is applied: what is parked behind it is in time, too. */
Test(sequencer, given_up_and_parked_behind_a_repeat)
{
	begin(true);
	write_one(7, EVENT_MODIFIED, 2);
	write_one(7, EVENT_MODIFIED, 3);
	give_up(7, 3);
	next_batch();
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	write_events();
	expect_versions(history, 7, "1 2 3");
	cr_expect_eq(db.passed.count, 0);
	cr_expect_eq(db.parked.count, 0);
}

/* The same where nothing but giving up lets the order go on. */
Test(sequencer, given_up_with_what_is_parked_behind_it)
{
	for (size_t page = 1; page <= 3; page++) {
		begin(true);
		page_size = page;
		write_one(7, EVENT_MODIFIED, 2);
		write_one(7, EVENT_MODIFIED, 3);
		give_up(7, 1);
		give_up(7, 2);
		resume(7);
		expect_versions(history, 7, "2 3");
		cr_expect_eq(db.passed.count, 0);
		cr_expect_eq(db.parked.count, 0);
	}
}

Test(sequencer, given_up_while_it_waits_in_the_batch)
{
	begin(true);
	give_up(7, 2);
	add(7, EVENT_MODIFIED, 3);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_PLACED, 1);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_APPLY);
	expect_versions(history, 7, "1 2 3");
	cr_expect_eq(db.parked.count, 0);
}

/* Behind its predecessor in the batch it comes too late. */
Test(sequencer, given_up_and_not_there_when_its_turn_comes)
{
	begin(true);
	give_up(7, 2);
	add(7, EVENT_MODIFIED, 3);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_PASSED);
	expect_versions(history, 7, "1 3");
	expect_versions(passed, 7, "2");
	cr_expect_eq(db.parked.count, 0);
}

/* Every event carries the whole order, so any can begin one whose first versions are gone. */
Test(sequencer, an_order_begins_behind_what_was_given_up)
{
	static const struct {
		enum event_type type;
		enum delivery_state state;
	} firsts[] = {
		{ EVENT_PLACED, DELIVERY_STARTED },
		{ EVENT_MODIFIED, DELIVERY_MODIFIED },
		{ EVENT_CANCELLED, DELIVERY_CANCELLED },
	};

	for (size_t i = 0; i < COUNT_OF(firsts); i++) {
		begin(true);
		give_up(7, 1);
		give_up(7, 2);
		write_one(7, firsts[i].type, 3);
		expect_all(DELIVERY_APPLY);
		expect_delivery(7, 3, firsts[i].state);
		write_one(7, EVENT_PLACED, 1);
		expect_all(DELIVERY_PASSED);
		expect_delivery(7, 3, firsts[i].state);

		begin(true);
		write_one(7, firsts[i].type, 2);
		give_up(7, 1);
		resume(7);
		expect_delivery(7, 2, firsts[i].state);
		expect_versions(history, 7, "2");
	}
}

/* --- the ends of the numbers --------------------------------------------------------------- */

Test(sequencer, the_last_version)
{
	begin(true);
	put_delivery(7, INT32_MAX - 3, DELIVERY_STARTED);
	page_size = 2;
	write_one(7, EVENT_CANCELLED, INT32_MAX);
	write_one(7, EVENT_MODIFIED, INT32_MAX - 1);
	write_one(7, EVENT_MODIFIED, INT32_MAX - 2);
	expect_versions(history, 7, "2147483645 2147483646 2147483647");
	expect_delivery(7, INT32_MAX, DELIVERY_CANCELLED);
	cr_expect_eq(db.parked.count, 0);
	cr_expect_eq(db.passed.count, 0);
	write_one(7, EVENT_CANCELLED, INT32_MAX);
	expect_all(DELIVERY_DUPLICATE);
	write_one(7, EVENT_MODIFIED, 1);
	expect_all(DELIVERY_PASSED);
}

Test(sequencer, the_last_version_is_given_up)
{
	begin(true);
	put_delivery(7, INT32_MAX - 2, DELIVERY_STARTED);
	give_up(7, INT32_MAX);
	write_one(7, EVENT_MODIFIED, INT32_MAX - 1);
	expect_delivery(7, INT32_MAX, DELIVERY_MODIFIED);
	write_one(7, EVENT_MODIFIED, INT32_MAX);
	expect_all(DELIVERY_PASSED);
}

/* Off: the last page is full and ends with the last version there can be. */
Test(sequencer, off_a_page_ends_with_the_last_version)
{
	begin(true);
	write_one(7, EVENT_PLACED, 1);
	page_size = 2;
	write_one(7, EVENT_MODIFIED, INT32_MAX - 1);
	write_one(7, EVENT_MODIFIED, INT32_MAX);
	in_sequence = false;
	resume(7);
	expect_versions(history, 7, "1 2147483646 2147483647");
	cr_expect_eq(db.parked.count, 0);
}

/* --- without versions ---------------------------------------------------------------------- */

/* They have no place in the sequence: applied as they come, each place on the topic once. */
Test(sequencer, events_without_version_are_applied_once_by_their_place)
{
	for (int sequence = 0; sequence <= 1; sequence++) {
		struct place replayed = { 1, 40 };

		begin(sequence);
		add_at(7, EVENT_PLACED, 0, (struct place){ 0, 40 });
		add_at(7, EVENT_MODIFIED, 0, replayed);
		add_at(7, EVENT_MODIFIED, 0, replayed);
		add_at(7, EVENT_PLACED, 0, (struct place){ 0, 40 });
		add_at(7, EVENT_CANCELLED, 0, (struct place){ 0, 41 });
		write_events();
		expect_all(DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_DUPLICATE, DELIVERY_DUPLICATE,
			   DELIVERY_APPLY);
		expect_delivery(7, 0, DELIVERY_CANCELLED);

		next_batch();
		add_at(7, EVENT_MODIFIED, 0, replayed);
		add_at(7, EVENT_MODIFIED, 0, (struct place){ 2, 41 });
		write_events();
		expect_all(DELIVERY_DUPLICATE, DELIVERY_APPLY);
		cr_expect_eq(db.plain_count, 4);
	}
}

Test(sequencer, events_without_version_do_not_move_the_sequence)
{
	begin(true);
	add(7, EVENT_PLACED, 0);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_CANCELLED, 0);
	add(7, EVENT_MODIFIED, 4);
	write_events();
	expect_all(DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_APPLY, DELIVERY_PARK);
	expect_versions(history, 7, "0 1 2 0");
	expect_delivery(7, 2, DELIVERY_CANCELLED);
}

/* --- at random ----------------------------------------------------------------------------- */

enum { ORDERS = 5, VERSIONS = 14 };

/* What one order becomes, told without batches: the cursor applies what has come, passes what was
 * given up, and stands still at what is missing. */
struct oracle {
	int32_t base; /* versions are base + 1 ... base + VERSIONS */
	int cursor;
	bool come[VERSIONS + 1], given_up[VERSIONS + 1], applied[VERSIONS + 1];
	bool just_come[VERSIONS + 1]; /* in the last batch */
	struct table history;
};

static void oracle_step(struct oracle *o, int64_t order_id)
{
	for (; o->cursor < VERSIONS; o->cursor++) {
		int next = o->cursor + 1;
		struct order_event e = { .order_id = order_id, .version = o->base + next };

		if (!o->come[next] && !o->given_up[next])
			break;
		/* Both in one batch: whether it came in time hangs on what stands before it. */
		if (!o->come[next] || (o->just_come[next] && o->given_up[next] &&
				       !has(&db.history, order_id, e.version)))
			continue;
		insert(&o->history, &e);
		o->applied[next] = true;
	}
	memset(o->just_come, 0, sizeof(o->just_come));
}

static void compare(const struct oracle *o, int64_t id)
{
	size_t applied = 0;

	for (size_t i = 0; i < db.history.count; i++) {
		const struct row *row = &db.history.rows[i];

		if (row->order_id != id || row->version == 0)
			continue;
		cr_assert_lt(applied, o->history.count, "%d is applied", row->version);
		cr_assert_eq(row->version, o->history.rows[applied].version, "%d is applied",
			     row->version);
		applied++;
	}
	cr_assert_eq(applied, o->history.count, "stopped at %zu of %zu", applied, o->history.count);
	for (int v = 1; v <= VERSIONS; v++) {
		bool waits = has(&db.parked, id, o->base + v);

		cr_assert_eq(waits, o->come[v] && v > o->cursor, "%d: %d, cursor %d", v, waits,
			     o->cursor);
		cr_assert(o->given_up[v] || !has(&db.passed, id, o->base + v), "%d is refused", v);
		cr_assert(!o->come[v] || o->applied[v] || v > o->cursor ||
				  has(&db.passed, id, o->base + v),
			  "%d is neither applied nor refused", v);
	}
}

/* One of the versions in a random order, some twice, some not before the end. */
static void deal(uint64_t *seed, struct oracle *oracles, bool all)
{
	unsigned id = random_below(seed, ORDERS);
	int v = 1 + (int)random_below(seed, VERSIONS);

	for (unsigned skip = 0; all && skip < ORDERS * VERSIONS && oracles[id].come[v]; skip++) {
		v = v % VERSIONS + 1;
		id = v == 1 ? (id + 1) % ORDERS : id;
	}
	oracles[id].just_come[v] |= !oracles[id].come[v];
	oracles[id].come[v] = true;
	add(id,
	    oracles[id].base + v == 1 ? EVENT_PLACED
				      : (enum event_type)random_below(seed, EVENT_TYPE_COUNT),
	    oracles[id].base + v);
}

static void deal_batch(uint64_t *seed, struct oracle *oracles, bool all)
{
	next_batch();
	for (unsigned n = 1 + random_below(seed, 12); n > 0; n--) {
		deal(seed, oracles, all);
		if (random_below(seed, 8) == 0)
			add_none();
		if (random_below(seed, 8) == 0)
			add(random_below(seed, ORDERS), EVENT_MODIFIED, 0);
	}
}

static void resume_while(bool more)
{
	int64_t ids[ORDERS];

	for (int64_t i = 0; i < ORDERS; i++)
		ids[i] = i;
	for (unsigned n = 0; more; n++) {
		cr_assert_lt(n, ROWS_MAX, "resuming does not end");
		more = transact(ids, ORDERS, 2);
	}
}

static void begin_random(uint64_t *seed, struct oracle *oracles)
{
	begin(true);
	page_size = 1 + random_below(seed, 4);
	memset(oracles, 0, ORDERS * sizeof(*oracles));
	oracles[3].base = INT32_MAX - VERSIONS;
	put_delivery(3, oracles[3].base, DELIVERY_STARTED);
}

/* Orders, versions, repeats, batches, pages, interrupted fetches and given-up versions at random:
 * what is applied is what the oracle says, after every transaction. */
Test(sequencer, any_history_is_applied_in_sequence)
{
	enum { ROUNDS = 400, BATCHES = 16 };
	static struct oracle oracles[ORDERS];
	uint64_t seed = 5;
	size_t passed = 0, parked = 0, complete = 0;

	for (int round = 0; round < ROUNDS; round++) {
		begin_random(&seed, oracles);
		for (int batch = 0; batch < BATCHES; batch++) {
			if (random_below(&seed, 3) == 0) {
				unsigned id = random_below(&seed, ORDERS);
				int v = 1 + (int)random_below(&seed, VERSIONS);

				if (!oracles[id].given_up[v] && !oracles[id].applied[v]) {
					oracles[id].given_up[v] = true;
					give_up(id, oracles[id].base + v);
					oracle_step(&oracles[id], id);
					resume_while(true);
				}
			}
			deal_batch(&seed, oracles, batch >= BATCHES / 2);
			resume_while(transact(NULL, 0, random_below(&seed, 4)));
			for (int64_t id = 0; id < ORDERS; id++) {
				oracle_step(&oracles[id], id);
				compare(&oracles[id], id);
			}
			parked += db.parked.count;
		}
		for (int64_t id = 0; id < ORDERS; id++)
			complete += oracles[id].cursor == VERSIONS;
		passed += db.passed.count;
		cr_assert_eq(db.late_count, 0);
	}
	cr_expect(passed > ROUNDS && parked > ROUNDS * BATCHES && complete > ROUNDS,
		  "%zu, %zu, %zu", passed, parked, complete);
}

/* Off: the same events in batches of any size have the same effects as one after the other. */
Test(sequencer, off_decides_as_one_event_after_the_other)
{
	enum { ROUNDS = 300, OFF_VERSIONS = 8, PLACES = 60 };
	uint64_t seed = 11;
	size_t counts[DELIVERY_PASSED + 1] = { 0 }, late = 0;

	for (int round = 0; round < ROUNDS; round++) {
		enum delivery_state states[ORDERS] = { DELIVERY_NONE };
		int32_t highest[ORDERS] = { 0 };
		bool seen[ORDERS][OFF_VERSIONS] = { { false } }, seen_place[PLACES] = { false };

		begin(false);
		for (int batch = 0; batch < 5; batch++) {
			next_batch();
			for (unsigned n = random_below(&seed, EVENTS_MAX); n > 0; n--) {
				if (random_below(&seed, 10) == 0)
					add_none();
				else
					add_at(random_below(&seed, ORDERS),
					       (enum event_type)random_below(&seed,
									     EVENT_TYPE_COUNT),
					       (int32_t)random_below(&seed, OFF_VERSIONS),
					       (struct place){ 0, random_below(&seed, PLACES) });
			}
			write_events();
			for (size_t i = 0; i < event_count; i++) {
				const struct order_event *e = events[i]->event;
				struct delivery_decision d;
				bool *flag;

				if (!e)
					continue;
				flag = e->version > 0 ? &seen[e->order_id][e->version]
						      : &seen_place[events[i]->origin.offset];
				d = delivery_decide(states[e->order_id], highest[e->order_id],
						    e->type, e->version, *flag);
				if (d.verdict == DELIVERY_APPLY) {
					*flag = true;
					states[e->order_id] = d.next;
					if (e->version > highest[e->order_id])
						highest[e->order_id] = e->version;
				}
				counts[d.verdict]++;
				late += d.late;
				cr_assert_eq(events[i]->decision.verdict, d.verdict);
				cr_assert_eq(events[i]->decision.late, d.late);
			}
			for (int64_t id = 0; id < ORDERS; id++) {
				if (states[id] != DELIVERY_NONE)
					expect_delivery(id, highest[id], states[id]);
			}
		}
	}
	cr_expect(counts[DELIVERY_APPLY] > 1000 && counts[DELIVERY_DUPLICATE] > 1000 &&
			  counts[DELIVERY_UNKNOWN] > 500 && late > 500,
		  "%zu, %zu, %zu, %zu", counts[DELIVERY_APPLY], counts[DELIVERY_DUPLICATE],
		  counts[DELIVERY_UNKNOWN], late);
}
