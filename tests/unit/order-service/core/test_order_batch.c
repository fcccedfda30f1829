/* Group commit: what the rules make of a batch, and what is to be written and answered then. */
#include "common/event/event_json.h"
#include "order-service/core/order_batch.h"
#include "tests/unit/unit.h"

TestSuite(order_batch, .init = unit_deadline);

enum { MANY = 6, NOW_MS = 1732180000 };

static const struct order_content radio = {
	.customer_id = 2000,
	.qty = 3,
	.product_id = "100",
	.product_name = "RADIO",
	.address = "PUSAN",
};

static struct order_command commands[MANY];
static size_t command_count;
static struct order_batch batch;
static int64_t ids[] = { 15, 14, 13, 12, 11, 10 }; /* the next one is the last */
static size_t id_count;

static void never(struct order_command *command)
{
	(void)command;
	cr_assert_fail("the batch answers, it does not call");
}

static struct order_command *add(enum order_command_kind kind, int64_t order_id)
{
	struct order_command *c = &commands[command_count++];

	order_command_init(c, kind, never);
	c->order_id = order_id;
	c->answer.status = ST_INTERNAL; /* the decision writes it */
	return c;
}

static struct order_command *add_place(const char *key)
{
	struct order_command *c = add(COMMAND_PLACE, 0);

	c->content = radio;
	c->idempotency_key = key;
	return c;
}

static struct order_command *add_qty(int64_t order_id, int32_t qty, int32_t expected_version)
{
	struct order_command *c = add(COMMAND_MODIFY, order_id);

	c->fields = ORDER_QTY;
	c->content.qty = qty;
	c->condition.match.any = expected_version == 0;
	c->condition.match.count = 1;
	c->condition.match.list[0] = expected_version;
	return c;
}

/* Begins the batch of what was added; the stored orders have these ids, ascending, 0 ends. */
static void begin(const int64_t *stored)
{
	static struct order_command *list[MANY];
	size_t n = 0;

	for (size_t i = 0; i < command_count; i++)
		list[i] = &commands[i];
	cr_assert(order_batch_init(&batch, list, command_count));
	while (stored[n])
		n++;
	cr_assert(order_batch_load(&batch, n));
	for (size_t i = 0; i < n; i++)
		order_place(&batch.loaded[i], stored[i], &radio);
	id_count = COUNT_OF(ids);
}

static void decide(void)
{
	cr_assert(order_batch_decide(&batch, NOW_MS, ids, &id_count));
}

#define STORED(...) ((const int64_t[]){ __VA_ARGS__, 0 })

static void expect_event(size_t i, int64_t order_id, enum event_type type, int32_t version,
			 int32_t qty)
{
	const struct order_batch_event *e = &batch.events[i];
	struct order_event *event;
	struct error err;

	cr_assert_lt(i, batch.event_count, "event %zu is missing", i);
	cr_expect_eq(e->order_id, order_id);
	cr_expect_eq(e->type, type);
	cr_assert_eq(event_decode(type, e->payload, strlen(e->payload), &event, &err), ST_OK, "%s",
		     err.msg);
	cr_expect_eq(event->order_id, order_id);
	cr_expect_eq(event->version, version, "version %d", event->version);
	cr_expect_eq(event->qty, qty, "qty %d", event->qty);
	cr_expect_eq(event->timestamp_ms, NOW_MS);
	free(event);
}

static size_t count_written(bool is_new)
{
	size_t n = 0;

	for (size_t i = 0; i < batch.working_count; i++)
		n += is_new ? batch.working[i].is_new
			    : !batch.working[i].is_new && batch.working[i].changed;
	return n;
}

Test(order_batch, orders_are_placed_with_the_next_ids)
{
	struct order_command *first = add_place(NULL), *second = add_place(NULL);

	begin(STORED(0));
	cr_expect_eq(batch.places, 2);
	decide();
	cr_expect_eq(first->answer.status, ST_OK);
	cr_expect_eq(first->order.id, 10);
	cr_expect_eq(second->order.id, 11);
	cr_expect_eq(first->order.version, 1);
	cr_expect_not(first->replayed);
	cr_expect_eq(id_count, COUNT_OF(ids) - 2);
	cr_expect_eq(count_written(true), 2);
	cr_expect_eq(count_written(false), 0);
	cr_expect_eq(batch.event_count, 2);
	expect_event(0, 10, EVENT_PLACED, 1, 3);
	expect_event(1, 11, EVENT_PLACED, 1, 3);
	order_batch_fini(&batch);
}

Test(order_batch, several_commands_of_one_order_see_each_other)
{
	struct order_command *more = add_qty(7, 4, 1), *less = add_qty(7, 2, 2);
	struct order_command *cancel = add(COMMAND_CANCEL, 7), *late = add_qty(7, 9, 0);

	begin(STORED(7));
	decide();
	cr_expect_eq(more->answer.status, ST_OK);
	cr_expect_eq(more->order.version, 2);
	cr_expect_eq(more->order.content.qty, 4, "its own state, not that of the end");
	cr_expect_eq(less->answer.status, ST_OK);
	cr_expect_eq(less->order.version, 3);
	cr_expect_eq(cancel->answer.status, ST_OK);
	cr_expect_eq(cancel->order.version, 4);
	cr_expect(order_is_cancelled(&cancel->order));
	cr_expect_eq(late->answer.status, ST_NOT_FOUND, "cancelled within the batch");
	cr_expect_eq(count_written(false), 1, "one row, with the last state");
	cr_expect_eq(batch.working[0].order->version, 4);
	cr_expect_eq(batch.event_count, 3);
	expect_event(0, 7, EVENT_MODIFIED, 2, 4);
	expect_event(1, 7, EVENT_MODIFIED, 3, 2);
	expect_event(2, 7, EVENT_CANCELLED, 4, 2);
	order_batch_fini(&batch);
}

Test(order_batch, if_match_refuses_the_second_of_two)
{
	struct order_command *won = add_qty(7, 4, 1), *lost = add_qty(7, 5, 1);

	begin(STORED(7));
	decide();
	cr_expect_eq(won->answer.status, ST_OK);
	cr_expect_eq(lost->answer.status, ST_CONFLICT);
	cr_expect_eq(lost->order.version, 2);
	expect_part(lost->answer.msg, "version 2, not 1");
	cr_expect_eq(batch.working[0].order->content.qty, 4);
	cr_expect_eq(batch.event_count, 1);
	order_batch_fini(&batch);
}

Test(order_batch, a_failure_leaves_its_neighbours_untouched)
{
	struct order_command *before = add_qty(7, 4, 0), *unknown = add_qty(8, 4, 0);
	struct order_command *gone = add(COMMAND_CANCEL, 10), *after = add_qty(9, 5, 0);
	struct order_command *fresh = add_place(NULL);

	begin(STORED(7, 9));
	decide();
	cr_expect_eq(before->answer.status, ST_OK);
	cr_expect_eq(unknown->answer.status, ST_NOT_FOUND);
	expect_part(unknown->answer.msg, "there is no order 8");
	cr_expect_eq(gone->answer.status, ST_NOT_FOUND);
	cr_expect_eq(after->answer.status, ST_OK);
	cr_expect_eq(after->order.id, 9);
	cr_expect_eq(fresh->answer.status, ST_OK);
	cr_expect_eq(count_written(true), 1);
	cr_expect_eq(count_written(false), 2);
	cr_expect_eq(batch.event_count, 3);
	expect_event(0, 7, EVENT_MODIFIED, 2, 4);
	expect_event(1, 9, EVENT_MODIFIED, 2, 5);
	expect_event(2, 10, EVENT_PLACED, 1, 3);
	order_batch_fini(&batch);
}

/* The orders to be changed were read before: one that this batch places is none of them. */
Test(order_batch, what_the_batch_places_is_not_there_to_be_changed)
{
	struct order_command *place = add_place(NULL), *change = add_qty(10, 4, 0);

	begin(STORED(7));
	decide();
	cr_expect_eq(place->order.id, 10);
	cr_expect_eq(change->answer.status, ST_NOT_FOUND);
	cr_expect_eq(batch.event_count, 1);
	order_batch_fini(&batch);
}

Test(order_batch, what_changes_nothing_makes_no_event)
{
	struct order_command *same = add_qty(7, 3, 0);

	begin(STORED(7));
	decide();
	cr_expect_eq(same->answer.status, ST_OK);
	cr_expect_eq(same->order.version, 1);
	cr_expect_eq(same->order.id, 7);
	cr_expect_eq(count_written(false), 0);
	cr_expect_eq(batch.event_count, 0);
	order_batch_fini(&batch);
}

Test(order_batch, a_cancelled_order_is_not_found)
{
	struct order_command *modify = add_qty(7, 4, 0), *cancel = add(COMMAND_CANCEL, 7);
	const struct order_condition any = { .match.any = true };
	struct error err;

	begin(STORED(7));
	cr_assert_eq(order_cancel(&batch.loaded[0], &any, &err), ST_OK);
	decide();
	cr_expect_eq(modify->answer.status, ST_NOT_FOUND);
	cr_expect_eq(cancel->answer.status, ST_NOT_FOUND);
	expect_part(cancel->answer.msg, "is cancelled");
	cr_expect_eq(count_written(false), 0);
	cr_expect_eq(batch.event_count, 0);
	order_batch_fini(&batch);
}

/* --- idempotency keys ---------------------------------------------------------------------- */

Test(order_batch, a_key_of_the_same_batch_replays)
{
	struct order_command *first = add_place("a"), *other = add_place("b");
	struct order_command *again = add_place("a");

	begin(STORED(0));
	decide();
	cr_expect_eq(again->answer.status, ST_OK);
	cr_expect(again->replayed);
	cr_expect_not(first->replayed);
	cr_expect_eq(again->order.id, first->order.id);
	cr_expect_eq(again->order.version, 1);
	cr_expect_neq(other->order.id, first->order.id);
	cr_expect_eq(count_written(true), 2);
	cr_expect_eq(batch.event_count, 2);
	expect_text(batch.working[0].idempotency_key, "a");
	expect_text(batch.working[1].idempotency_key, "b");
	order_batch_fini(&batch);
}

/* It was stored before there were fingerprints. */
Test(order_batch, a_stored_key_without_a_fingerprint_replays_the_order_as_it_is_now)
{
	struct order_command *again = add_place("a"), *fresh = add_place("ab");

	begin(STORED(0));
	cr_assert(order_batch_load_by_key(&batch, 1));
	(void)snprintf(batch.by_key[0].key, sizeof(batch.by_key[0].key), "a");
	order_place(&batch.by_key[0].order, 3, &radio);
	batch.by_key[0].order.version = 5;
	decide();
	cr_expect_eq(again->answer.status, ST_OK);
	cr_expect(again->replayed);
	cr_expect_eq(again->order.id, 3);
	cr_expect_eq(again->order.version, 5);
	cr_expect_not(fresh->replayed, "another key that begins like it");
	cr_expect_eq(fresh->order.id, 10);
	cr_expect_eq(id_count, COUNT_OF(ids) - 1, "a replay draws no id");
	cr_expect_eq(batch.event_count, 1);
	order_batch_fini(&batch);
}

/* The stored order of key a, as it was placed with radio and changed since. */
static void store_changed_radio(void)
{
	struct order_by_key *before;

	cr_assert(order_batch_load_by_key(&batch, 1));
	before = &batch.by_key[0];
	(void)snprintf(before->key, sizeof(before->key), "a");
	before->has_fingerprint = true;
	before->fingerprint = order_key_fingerprint(&radio);
	order_place(&before->order, 3, &radio);
	before->order.content.qty = 9;
	before->order.version = 5;
	before->order.last = EVENT_CANCELLED;
}

Test(order_batch, a_stored_key_replays_the_order_as_it_was_placed)
{
	struct order_command *again = add_place("a");

	begin(STORED(0));
	store_changed_radio();
	decide();
	cr_expect_eq(again->answer.status, ST_OK);
	cr_expect(again->replayed);
	cr_expect_eq(again->order.id, 3);
	cr_expect_eq(again->order.version, 1);
	cr_expect_eq(again->order.content.qty, radio.qty);
	cr_expect_not(order_is_cancelled(&again->order));
	cr_expect_eq(batch.event_count, 0);
	order_batch_fini(&batch);
}

Test(order_batch, another_order_under_a_used_key_is_refused)
{
	struct order_command *stored = add_place("a"), *first = add_place("b");
	struct order_command *other = add_place("b");

	stored->content.qty++;
	other->content.address[0] = 'X';
	begin(STORED(0));
	store_changed_radio();
	decide();
	cr_expect_eq(stored->answer.status, ST_CONFLICT);
	cr_expect_not(stored->replayed);
	cr_expect_eq(first->answer.status, ST_OK);
	cr_expect_eq(other->answer.status, ST_CONFLICT, "of the same batch");
	cr_expect_eq(count_written(true), 1);
	cr_expect_eq(batch.event_count, 1);
	order_batch_fini(&batch);
}

/* Each field counts, and none runs into the next. */
Test(order_batch, a_fingerprint_tells_orders_apart)
{
	struct order_content c[6];

	for (size_t i = 0; i < COUNT_OF(c); i++)
		c[i] = radio;
	c[1].customer_id++;
	c[2].qty++;
	(void)snprintf(c[3].product_id, sizeof(c[3].product_id), "100R");
	(void)snprintf(c[3].product_name, sizeof(c[3].product_name), "ADIO");
	(void)snprintf(c[4].product_name, sizeof(c[4].product_name), "RADIOP");
	(void)snprintf(c[4].address, sizeof(c[4].address), "USAN");
	(void)snprintf(c[5].address, sizeof(c[5].address), "pusan");
	for (size_t i = 0; i < COUNT_OF(c); i++) {
		for (size_t j = 0; j < i; j++)
			cr_expect_neq(order_key_fingerprint(&c[i]), order_key_fingerprint(&c[j]),
				      "%zu and %zu", i, j);
	}
}

Test(order_batch, without_a_key_nothing_replays)
{
	struct order_command *first = add_place(NULL), *second = add_place(NULL);

	begin(STORED(0));
	decide();
	cr_expect_not(second->replayed);
	cr_expect_neq(first->order.id, second->order.id);
	order_batch_fini(&batch);
}

/* A batch is decided again after a conflict: the first try leaves no trace in the commands. */
Test(order_batch, a_second_try_decides_again)
{
	struct order_command *place = add_place("a"), *change = add_qty(7, 4, 1);

	begin(STORED(7));
	decide();
	order_batch_fini(&batch);
	begin(STORED(7));
	cr_assert(order_batch_load_by_key(&batch, 1));
	(void)snprintf(batch.by_key[0].key, sizeof(batch.by_key[0].key), "a");
	order_place(&batch.by_key[0].order, 3, &radio);
	decide();
	cr_expect(place->replayed, "somebody placed it between the two tries");
	cr_expect_eq(place->order.id, 3);
	cr_expect_eq(change->answer.status, ST_OK);
	cr_expect_eq(change->order.version, 2);
	cr_expect_eq(batch.event_count, 1);
	order_batch_fini(&batch);
}
