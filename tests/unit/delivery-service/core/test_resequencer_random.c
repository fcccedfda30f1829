/* The resequencer at random, against oracles that know no batches. */
#include "tests/unit/delivery-service/core/resequencer_model.h"

TestSuite(resequencer_random, .init = unit_deadline);

enum { ORDERS = 5, VERSIONS = 14 };

/* What one order becomes, told without batches: the cursor applies what has come, passes what was
 * skipped, and stands still at what is missing. */
struct oracle {
	int32_t base; /* versions are base + 1 ... base + VERSIONS */
	int cursor;
	bool come[VERSIONS + 1], skipped[VERSIONS + 1], applied[VERSIONS + 1];
	bool just_come[VERSIONS + 1]; /* in the last batch */
	struct table history;
};

static void oracle_step(struct oracle *o, int64_t order_id)
{
	for (; o->cursor < VERSIONS; o->cursor++) {
		int next = o->cursor + 1;
		struct order_event e = { .order_id = order_id, .version = o->base + next };

		if (!o->come[next] && !o->skipped[next])
			break;
		/* Both in one batch: whether it came in time hangs on what stands before it. */
		if (!o->come[next] || (o->just_come[next] && o->skipped[next] &&
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
		cr_assert(o->skipped[v] || !has(&db.passed, id, o->base + v), "%d is refused", v);
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

/* Orders, versions, repeats, batches, pages, interrupted fetches and skipped versions at random:
 * what is applied is what the oracle says, after every transaction. */
Test(resequencer_random, any_history_is_applied_in_sequence)
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

				if (!oracles[id].skipped[v] && !oracles[id].applied[v]) {
					oracles[id].skipped[v] = true;
					skip_version(id, oracles[id].base + v);
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
Test(resequencer_random, off_decides_as_one_event_after_the_other)
{
	enum { ROUNDS = 300, OFF_VERSIONS = 8, PLACES = 60 };
	uint64_t seed = 11;
	size_t counts[DELIVERY_CONFLICT + 1] = { 0 }, late = 0;

	for (int round = 0; round < ROUNDS; round++) {
		enum delivery_state states[ORDERS] = { DELIVERY_NONE };
		int32_t highest[ORDERS] = { 0 };
		enum event_type types[ORDERS][OFF_VERSIONS];
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
					       (struct topic_offset){
						       0, random_below(&seed, PLACES) });
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
				if (d.verdict == DELIVERY_DUPLICATE && e->version > 0 &&
				    types[e->order_id][e->version] != e->type)
					d.verdict = DELIVERY_CONFLICT;
				if (d.verdict == DELIVERY_APPLY) {
					*flag = true;
					types[e->order_id][e->version] = e->type;
					states[e->order_id] = d.next;
					if (e->version > highest[e->order_id])
						highest[e->order_id] = e->version;
				}
				counts[d.verdict]++;
				late += d.late;
				cr_assert_eq(decisions[i].verdict, d.verdict);
				cr_assert_eq(decisions[i].late, d.late);
			}
			for (int64_t id = 0; id < ORDERS; id++) {
				if (states[id] != DELIVERY_NONE)
					expect_delivery(id, highest[id], states[id]);
			}
		}
	}
	cr_expect(counts[DELIVERY_APPLY] > 1000 && counts[DELIVERY_DUPLICATE] > 1000 &&
			  counts[DELIVERY_UNKNOWN] > 500 && counts[DELIVERY_CONFLICT] > 500 &&
			  late > 500,
		  "%zu, %zu, %zu, %zu", counts[DELIVERY_APPLY], counts[DELIVERY_DUPLICATE],
		  counts[DELIVERY_UNKNOWN], late);
}
