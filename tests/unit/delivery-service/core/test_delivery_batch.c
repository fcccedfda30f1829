/* A batch of events in memory: the orders, keys and places that it is about, and its room. */
#include "delivery-service/core/delivery_batch.h"
#include "tests/unit/unit.h"

TestSuite(delivery_batch, .init = unit_deadline);

#define EVENTS_MAX 64

/* What a test's batch is made of; the messages of librdkafka do not matter here. */
static struct order_event contents[EVENTS_MAX];
static struct event_record inbounds[EVENTS_MAX];
static struct event_record *events[EVENTS_MAX];
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
	inbounds[event_count] = (struct event_record){
		.event = &contents[event_count],
		.at = { 7, (int64_t)event_count },
		.origin = { 7, (int64_t)event_count },
	};
	events[event_count] = &inbounds[event_count];
	event_count++;
}

/* What is skipped or a dead letter stands in the batch too. */
static void add_none(void)
{
	inbounds[event_count] = (struct event_record){ .event = NULL };
	events[event_count] = &inbounds[event_count];
	event_count++;
}

/* One without a version; a replayed dead letter's origin is not its place. */
static void add_plain(int64_t order_id, struct topic_offset origin)
{
	add(order_id, EVENT_MODIFIED, 0);
	inbounds[event_count - 1].origin = origin;
}

static struct delivery_batch open_with(const int64_t *order_ids, size_t count)
{
	struct delivery_batch batch;
	struct error err;

	cr_assert_eq(delivery_batch_init(&batch, true, events, event_count, order_ids, count, &err),
		     ST_OK);
	for (size_t i = 0; i < event_count; i++)
		cr_expect_eq(batch.events[i].record, events[i]);
	cr_expect_eq(batch.event_count, event_count);
	cr_expect(batch.in_sequence);
	return batch;
}

static struct delivery_batch open_batch(void)
{
	return open_with(NULL, 0);
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
		cr_expect_not(batch.orders[i].has_parked);
	}
	for (size_t i = 0; i < batch.key_count; i++) {
		cr_expect_not(batch.keys[i].seen);
		cr_expect_null(batch.keys[i].waiting);
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
	cr_expect_eq(batch.offset_count, 0);
	cr_expect_eq(batch.applied_count, 0);
	cr_expect_eq(batch.fetched_count, 0);
	cr_expect_null(delivery_batch_order(&batch, 1));
	cr_expect_null(delivery_batch_key(&batch, 1, 1));
	cr_expect_null(delivery_batch_offset(&batch, (struct topic_offset){ 7, 0 }));
	cr_expect_not(delivery_batch_skipped(&batch, 1, 1));
	delivery_batch_fini(&batch);

	add_none();
	add_none();
	batch = open_batch();
	cr_expect_eq(batch.order_count, 0);
	delivery_batch_fini(&batch);
	delivery_batch_fini(&batch);
}

/* Resuming: no events, only orders whose parked events are looked at. */
Test(delivery_batch, orders_without_an_event)
{
	static const int64_t ids[] = { 9, 2, 9, INT64_MIN, 5 };
	struct delivery_batch batch;
	struct error err;

	cr_assert_eq(delivery_batch_init(&batch, false, NULL, 0, ids, COUNT_OF(ids), &err), ST_OK);
	cr_expect_not(batch.in_sequence);
	cr_assert_eq(batch.order_count, 4);
	cr_expect_eq(batch.orders[0].order_id, INT64_MIN);
	cr_expect_eq(batch.orders[3].order_id, 9);
	cr_expect_eq(batch.key_count, 0);
	delivery_batch_fini(&batch);

	clear();
	add(5, EVENT_PLACED, 1);
	add(7, EVENT_PLACED, 1);
	batch = open_with(ids, COUNT_OF(ids));
	cr_expect_eq(batch.order_count, 5);
	cr_expect_eq(batch.key_count, 2);
	cr_expect_not_null(delivery_batch_order(&batch, 2));
	delivery_batch_fini(&batch);
}

/* Events with a version are known by it, the others by the place where they first were. */
Test(delivery_batch, places_are_sorted_and_distinct)
{
	struct delivery_batch batch;

	clear();
	add_plain(3, (struct topic_offset){ 2, 1 });
	add(3, EVENT_MODIFIED, 1);
	add_plain(4, (struct topic_offset){ 1, INT64_MAX });
	add_plain(3, (struct topic_offset){ 2, 1 });
	add_plain(3, (struct topic_offset){ 1, 5 });
	add_plain(3, (struct topic_offset){ 2, 5 });
	add_none();
	batch = open_batch();
	cr_assert_eq(batch.offset_count, 4);
	for (size_t i = 1; i < batch.offset_count; i++) {
		struct topic_offset a = batch.offsets[i - 1].origin, b = batch.offsets[i].origin;

		cr_expect(a.partition < b.partition ||
			  (a.partition == b.partition && a.offset < b.offset));
	}
	for (int64_t offset = 0; offset <= 6; offset++) {
		struct batch_offset *at =
			delivery_batch_offset(&batch, (struct topic_offset){ 2, offset });

		cr_expect_eq(at != NULL, offset == 1 || offset == 5, "offset %d", (int)offset);
		cr_expect(!at || (at->origin.offset == offset && !at->seen));
	}
	cr_expect_null(delivery_batch_offset(&batch, (struct topic_offset){ 7, 1 }),
		       "has a version");
	cr_expect_null(delivery_batch_offset(&batch, (struct topic_offset){ 0, 1 }));
	delivery_batch_fini(&batch);
}

Test(delivery_batch, skipped)
{
	static const struct batch_skipped versions[] = {
		{ -3, 1 }, { 4, 2 }, { 4, 3 }, { 4, INT32_MAX }, { INT64_MAX, 1 },
	};
	struct delivery_batch batch;

	clear();
	batch = open_batch();
	batch.skipped = calloc(COUNT_OF(versions), sizeof(versions[0]));
	cr_assert(batch.skipped);
	memcpy(batch.skipped, versions, sizeof(versions));
	batch.skipped_count = COUNT_OF(versions);
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		cr_expect(
			delivery_batch_skipped(&batch, versions[i].order_id, versions[i].version));
	cr_expect_not(delivery_batch_skipped(&batch, 4, 0));
	cr_expect_not(delivery_batch_skipped(&batch, 4, 1));
	cr_expect_not(delivery_batch_skipped(&batch, 4, 4));
	cr_expect_not(delivery_batch_skipped(&batch, 3, 2));
	cr_expect_not(delivery_batch_skipped(&batch, -3, 2));
	delivery_batch_fini(&batch);
	cr_expect_null(batch.skipped);
}

/* Room for every fetched event, and for its effect behind those of the batch. */
Test(delivery_batch, reserve_keeps_what_is_there)
{
	static struct event_record parked[100];
	struct delivery_batch batch;
	struct error err;

	clear();
	add(1, EVENT_PLACED, 1);
	add(2, EVENT_PLACED, 1);
	batch = open_batch();
	batch.applied[batch.applied_count++] = batch.events[1];
	batch.applied[batch.applied_count++] = batch.events[0];
	for (size_t page = 0; page < 10; page++) {
		cr_assert_eq(delivery_batch_reserve(&batch, 10, &err), ST_OK);
		for (size_t i = 0; i < 10; i++) {
			delivery_batch_add_fetched(&batch, &parked[page * 10 + i], i % 2 == 1);
			batch.applied[batch.applied_count++] =
				batch.fetched[batch.fetched_count - 1];
		}
	}
	cr_assert_eq(delivery_batch_reserve(&batch, 0, &err), ST_OK);
	cr_expect_eq(batch.fetched_count, 100);
	cr_expect_eq(batch.applied_count, 102);
	cr_expect_eq(batch.applied[0].record, events[1]);
	cr_expect_eq(batch.applied[1].record, events[0]);
	for (size_t i = 0; i < 100; i++) {
		cr_expect_eq(batch.fetched[i].record, &parked[i]);
		cr_expect_eq(batch.fetched[i].seen, i % 2 == 1);
		cr_expect_eq(batch.fetched[i].decision.verdict, DELIVERY_PARK);
		cr_expect_eq(batch.applied[2 + i].record, &parked[i]);
	}
	delivery_batch_fini(&batch);
}
