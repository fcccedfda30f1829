/* A batch of events in memory: its orders and keys, and that it decides as one event after another.
 */
#include "delivery-service/delivery_batch.h"
#include "tests/unit/unit.h"

TestSuite(delivery_batch, .init = unit_deadline);

#define EVENTS_MAX 64

/* What a test's batch is made of; the messages of librdkafka do not matter here. */
static struct order_event contents[EVENTS_MAX];
static struct inbound inbounds[EVENTS_MAX];
static struct inbound *events[EVENTS_MAX];
static size_t event_count;

static void clear(void)
{
	event_count = 0;
}

static void add(int64_t order_id, enum event_type type, int32_t version)
{
	contents[event_count] = (struct order_event){
		.type = type,
		.order_id = order_id,
		.version = version,
		.product_id = "100",
		.product_name = "RADIO",
		.address = "PUSAN",
	};
	inbounds[event_count] = (struct inbound){ .event = &contents[event_count] };
	events[event_count] = &inbounds[event_count];
	event_count++;
}

/* What is skipped or a dead letter stands in the batch too. */
static void add_none(void)
{
	inbounds[event_count] = (struct inbound){ .event = NULL };
	events[event_count] = &inbounds[event_count];
	event_count++;
}

static struct delivery_batch open_batch(void)
{
	struct delivery_batch batch;
	struct error err;

	cr_assert_eq(delivery_batch_init(&batch, events, event_count, &err), ST_OK);
	cr_expect_eq(batch.events, events);
	cr_expect_eq(batch.event_count, event_count);
	return batch;
}

/* Applies event i; state: what its order is in afterwards. */
static void expect_apply(struct delivery_batch *batch, size_t i, enum delivery_verdict verdict,
			 enum delivery_state state, bool late)
{
	const struct order_event *e = events[i]->event;
	struct batch_order *order = delivery_batch_apply(batch, i);

	cr_expect_eq(events[i]->decision.verdict, verdict, "event %zu: verdict %d", i,
		     (int)events[i]->decision.verdict);
	cr_expect_eq(order != NULL, verdict == DELIVERY_APPLY, "event %zu", i);
	cr_expect_eq(events[i]->decision.late, late, "event %zu", i);
	if (order) {
		cr_expect_eq(order, delivery_batch_order(batch, e->order_id));
		cr_expect_eq(order->content, e, "event %zu", i);
		cr_expect_eq(events[i]->decision.next, state, "event %zu", i);
	}
	cr_expect_eq(delivery_batch_order(batch, e->order_id)->state, state, "event %zu: state %d",
		     i, (int)delivery_batch_order(batch, e->order_id)->state);
}

Test(delivery_batch, orders_and_keys_are_sorted_and_distinct)
{
	struct delivery_batch batch;

	clear();
	add(9, EVENT_PLACED, 1);
	add(-3, EVENT_MODIFIED, 2);
	add_none();
	add(9, EVENT_MODIFIED, 3);
	add(9, EVENT_MODIFIED, 2);
	add(9, EVENT_PLACED, 1);
	add(INT64_MAX, EVENT_CANCELLED, 0);
	add(1, EVENT_MODIFIED, INT32_MAX);
	add(9 + ((int64_t)1 << 32), EVENT_PLACED, 1);
	add(INT64_MIN, EVENT_PLACED, 1);
	batch = open_batch();

	cr_assert_eq(batch.order_count, 6);
	cr_assert_eq(batch.key_count, 7);
	for (size_t i = 1; i < batch.order_count; i++)
		cr_expect_lt(batch.orders[i - 1].order_id, batch.orders[i].order_id);
	for (size_t i = 1; i < batch.key_count; i++) {
		const struct batch_key *a = &batch.keys[i - 1], *b = &batch.keys[i];

		cr_expect(a->order_id < b->order_id ||
			  (a->order_id == b->order_id && a->version < b->version));
	}
	for (size_t i = 0; i < batch.order_count; i++) {
		cr_expect_eq(batch.orders[i].state, DELIVERY_NONE);
		cr_expect_eq(batch.orders[i].version, 0);
		cr_expect_eq(batch.orders[i].delivery_id, 0);
		cr_expect_null(batch.orders[i].content);
	}
	delivery_batch_fini(&batch);
}

Test(delivery_batch, lookups)
{
	struct delivery_batch batch;

	clear();
	add(1, EVENT_PLACED, 1);
	add(3, EVENT_PLACED, 1);
	add(3, EVENT_MODIFIED, 3);
	add(5, EVENT_PLACED, 0);
	batch = open_batch();
	for (int64_t id = 0; id <= 6; id++) {
		struct batch_order *order = delivery_batch_order(&batch, id);

		cr_expect_eq(order != NULL, id == 1 || id == 3 || id == 5, "order %d", (int)id);
		cr_expect(!order || order->order_id == id);
	}
	cr_expect_not_null(delivery_batch_key(&batch, 3, 3));
	cr_expect_eq(delivery_batch_key(&batch, 3, 3)->version, 3);
	cr_expect_not(delivery_batch_key(&batch, 3, 3)->seen);
	cr_expect_null(delivery_batch_key(&batch, 3, 2));
	cr_expect_null(delivery_batch_key(&batch, 1, 3));
	cr_expect_null(delivery_batch_key(&batch, 5, 0));
	cr_expect_null(delivery_batch_key(&batch, 5, 1));
	delivery_batch_fini(&batch);
}

Test(delivery_batch, empty_and_nothing_to_decide)
{
	struct delivery_batch batch;

	clear();
	batch = open_batch();
	cr_expect_eq(batch.order_count, 0);
	cr_expect_eq(batch.key_count, 0);
	cr_expect_eq(batch.new_ids, 0);
	cr_expect_null(delivery_batch_order(&batch, 1));
	cr_expect_null(delivery_batch_key(&batch, 1, 1));
	delivery_batch_fini(&batch);

	add_none();
	add_none();
	batch = open_batch();
	cr_expect_eq(batch.order_count, 0);
	delivery_batch_fini(&batch);
	delivery_batch_fini(&batch);
}

Test(delivery_batch, new_ids_are_enough)
{
	struct delivery_batch batch;

	clear();
	add(1, EVENT_PLACED, 1);
	add(1, EVENT_MODIFIED, 2);
	add(2, EVENT_PLACED, 1);
	add(3, EVENT_CANCELLED, 2);
	add_none();
	batch = open_batch();
	cr_expect_geq(batch.new_ids, 2);
	cr_expect_leq(batch.new_ids, event_count);
	delivery_batch_fini(&batch);
}

Test(delivery_batch, several_events_of_one_order)
{
	struct delivery_batch batch;

	clear();
	add(7, EVENT_PLACED, 1);
	add(8, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_CANCELLED, 3);
	batch = open_batch();
	expect_apply(&batch, 0, DELIVERY_APPLY, DELIVERY_STARTED, false);
	expect_apply(&batch, 1, DELIVERY_APPLY, DELIVERY_STARTED, false);
	expect_apply(&batch, 2, DELIVERY_APPLY, DELIVERY_MODIFIED, false);
	expect_apply(&batch, 3, DELIVERY_APPLY, DELIVERY_CANCELLED, false);
	cr_expect_eq(delivery_batch_order(&batch, 7)->version, 3);
	cr_expect_eq(delivery_batch_order(&batch, 8)->version, 1);
	cr_expect_eq(delivery_batch_order(&batch, 8)->content, &contents[1]);
	delivery_batch_fini(&batch);
}

/* The lab's lesson inside one batch: cancelled overtakes modified. */
Test(delivery_batch, a_late_event_is_applied_and_marked)
{
	struct delivery_batch batch;

	clear();
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_CANCELLED, 3);
	add(7, EVENT_MODIFIED, 2);
	batch = open_batch();
	expect_apply(&batch, 0, DELIVERY_APPLY, DELIVERY_STARTED, false);
	expect_apply(&batch, 1, DELIVERY_APPLY, DELIVERY_CANCELLED, false);
	expect_apply(&batch, 2, DELIVERY_APPLY, DELIVERY_MODIFIED, true);
	cr_expect_eq(delivery_batch_order(&batch, 7)->version, 3, "the highest one stays");
	delivery_batch_fini(&batch);
}

Test(delivery_batch, a_duplicate_in_the_batch_has_no_effect)
{
	struct delivery_batch batch;

	clear();
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_CANCELLED, 2);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_CANCELLED, 2);
	add(8, EVENT_PLACED, 1);
	batch = open_batch();
	expect_apply(&batch, 0, DELIVERY_APPLY, DELIVERY_STARTED, false);
	expect_apply(&batch, 1, DELIVERY_DUPLICATE, DELIVERY_STARTED, false);
	expect_apply(&batch, 2, DELIVERY_APPLY, DELIVERY_CANCELLED, false);
	expect_apply(&batch, 3, DELIVERY_DUPLICATE, DELIVERY_CANCELLED, false);
	expect_apply(&batch, 4, DELIVERY_DUPLICATE, DELIVERY_CANCELLED, false);
	expect_apply(&batch, 5, DELIVERY_APPLY, DELIVERY_STARTED, false);
	cr_expect_eq(delivery_batch_order(&batch, 7)->content, &contents[2]);
	delivery_batch_fini(&batch);
}

Test(delivery_batch, what_was_applied_earlier_is_loaded)
{
	struct delivery_batch batch;
	struct batch_order *order;

	clear();
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_MODIFIED, 3);
	add(7, EVENT_CANCELLED, 5);
	batch = open_batch();
	order = delivery_batch_order(&batch, 7);
	order->delivery_id = 70;
	order->state = DELIVERY_CANCELLED;
	order->version = 4;
	delivery_batch_key(&batch, 7, 2)->seen = true;
	expect_apply(&batch, 0, DELIVERY_DUPLICATE, DELIVERY_CANCELLED, false);
	cr_expect_null(order->content, "nothing is to be written yet");
	expect_apply(&batch, 1, DELIVERY_APPLY, DELIVERY_MODIFIED, true);
	cr_expect_eq(order->version, 4);
	expect_apply(&batch, 2, DELIVERY_APPLY, DELIVERY_CANCELLED, false);
	cr_expect_eq(order->version, 5);
	cr_expect_eq(order->delivery_id, 70);
	delivery_batch_fini(&batch);
}

Test(delivery_batch, an_unknown_order_stays_unknown)
{
	struct delivery_batch batch;

	clear();
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_CANCELLED, 3);
	batch = open_batch();
	expect_apply(&batch, 0, DELIVERY_UNKNOWN, DELIVERY_NONE, false);
	expect_apply(&batch, 1, DELIVERY_UNKNOWN, DELIVERY_NONE, false);
	cr_expect_null(delivery_batch_order(&batch, 7)->content);
	cr_expect_eq(delivery_batch_order(&batch, 7)->version, 0);
	cr_expect_not(delivery_batch_key(&batch, 7, 2)->seen);
	delivery_batch_fini(&batch);
}

/* A dead letter had no effect, so its repeat is none: it is applied once the order is there. */
Test(delivery_batch, what_had_no_effect_is_not_seen)
{
	struct delivery_batch batch;

	clear();
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_PLACED, 1);
	add(7, EVENT_MODIFIED, 2);
	add(7, EVENT_MODIFIED, 2);
	batch = open_batch();
	expect_apply(&batch, 0, DELIVERY_UNKNOWN, DELIVERY_NONE, false);
	expect_apply(&batch, 1, DELIVERY_APPLY, DELIVERY_STARTED, false);
	expect_apply(&batch, 2, DELIVERY_APPLY, DELIVERY_MODIFIED, false);
	expect_apply(&batch, 3, DELIVERY_DUPLICATE, DELIVERY_MODIFIED, false);
	delivery_batch_fini(&batch);
}

Test(delivery_batch, events_without_version_are_applied_each_time)
{
	struct delivery_batch batch;

	clear();
	add(7, EVENT_PLACED, 0);
	add(7, EVENT_MODIFIED, 0);
	add(7, EVENT_MODIFIED, 0);
	add(7, EVENT_CANCELLED, 4);
	add(7, EVENT_MODIFIED, 0);
	batch = open_batch();
	expect_apply(&batch, 0, DELIVERY_APPLY, DELIVERY_STARTED, false);
	expect_apply(&batch, 1, DELIVERY_APPLY, DELIVERY_MODIFIED, false);
	expect_apply(&batch, 2, DELIVERY_APPLY, DELIVERY_MODIFIED, false);
	expect_apply(&batch, 3, DELIVERY_APPLY, DELIVERY_CANCELLED, false);
	expect_apply(&batch, 4, DELIVERY_APPLY, DELIVERY_MODIFIED, false);
	cr_expect_eq(delivery_batch_order(&batch, 7)->version, 4);
	delivery_batch_fini(&batch);
}

/* The same events in batches of any size have the same effects as one after the other. */
Test(delivery_batch, decides_as_one_event_after_the_other)
{
	enum { ORDERS = 6, VERSIONS = 8 };
	uint64_t seed = 11;
	size_t verdicts[3] = { 0 }, late = 0;

	for (int round = 0; round < 300; round++) {
		enum delivery_state states[ORDERS] = { DELIVERY_NONE };
		int32_t versions[ORDERS] = { 0 };
		bool seen[ORDERS][VERSIONS] = { { false } };

		for (int b = 0; b < 5; b++) {
			struct delivery_batch batch;

			clear();
			for (unsigned n = random_below(&seed, EVENTS_MAX); n > 0; n--) {
				if (random_below(&seed, 10) == 0)
					add_none();
				else
					add((int64_t)random_below(&seed, ORDERS),
					    (enum event_type)random_below(&seed, EVENT_TYPE_COUNT),
					    (int32_t)random_below(&seed, VERSIONS));
			}
			batch = open_batch();
			for (size_t i = 0; i < batch.order_count; i++) {
				batch.orders[i].state = states[batch.orders[i].order_id];
				batch.orders[i].version = versions[batch.orders[i].order_id];
			}
			for (size_t i = 0; i < batch.key_count; i++)
				batch.keys[i].seen =
					seen[batch.keys[i].order_id][batch.keys[i].version];
			for (size_t i = 0; i < event_count; i++) {
				const struct order_event *e = events[i]->event;
				struct delivery_decision d;

				if (!e)
					continue;
				d = delivery_decide(states[e->order_id], versions[e->order_id],
						    e->type, e->version,
						    seen[e->order_id][e->version]);
				if (d.verdict == DELIVERY_APPLY) {
					states[e->order_id] = d.next;
					seen[e->order_id][e->version] = e->version > 0;
					if (e->version > versions[e->order_id])
						versions[e->order_id] = e->version;
				}
				verdicts[d.verdict]++;
				late += d.late;
				cr_assert_eq(delivery_batch_apply(&batch, i) != NULL,
					     d.verdict == DELIVERY_APPLY);
				cr_assert_eq(events[i]->decision.verdict, d.verdict);
				cr_assert_eq(events[i]->decision.late, d.late);
			}
			for (size_t i = 0; i < batch.order_count; i++) {
				const struct batch_order *order = &batch.orders[i];

				cr_assert_eq(order->state, states[order->order_id]);
				cr_assert_eq(order->version, versions[order->order_id]);
			}
			delivery_batch_fini(&batch);
		}
	}
	cr_expect(verdicts[DELIVERY_APPLY] > 1000 && verdicts[DELIVERY_DUPLICATE] > 1000 &&
			  verdicts[DELIVERY_UNKNOWN] > 500 && late > 500,
		  "%zu, %zu, %zu, %zu", verdicts[DELIVERY_APPLY], verdicts[DELIVERY_DUPLICATE],
		  verdicts[DELIVERY_UNKNOWN], late);
}
