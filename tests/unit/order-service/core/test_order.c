/* The rules of an order: what changes it, what does not, and that versions have no gaps. */
#include "order-service/core/order.h"
#include "tests/unit/unit.h"

TestSuite(order, .init = unit_deadline);

/* The condition that the version is this one; 0: none. */
static const struct order_condition *at(int32_t version)
{
	static struct order_condition condition;

	condition.match.any = version == 0;
	condition.match.count = 1;
	condition.match.list[0] = version;
	return &condition;
}

static const struct order_content radio = {
	.customer_id = 2000,
	.qty = 3,
	.product_id = "100",
	.product_name = "RADIO",
	.address = "PUSAN",
};

static const struct order_content other = {
	.customer_id = 2001,
	.qty = 4,
	.product_id = "101",
	.product_name = "TV",
	.address = "SEOUL",
};

static struct order placed(void)
{
	struct order order;

	memset(&order, 0x55, sizeof(order));
	order_place(&order, 7, &radio);
	return order;
}

static void expect_content(const struct order *order, const struct order_content *expected)
{
	cr_expect_eq(order->content.customer_id, expected->customer_id);
	cr_expect_eq(order->content.qty, expected->qty);
	expect_text(order->content.product_id, expected->product_id);
	expect_text(order->content.product_name, expected->product_name);
	expect_text(order->content.address, expected->address);
}

static void expect_order(const struct order *order, int32_t version, enum event_type last,
			 const struct order_content *content)
{
	cr_expect_eq(order->id, 7);
	cr_expect_eq(order->version, version, "version %d", order->version);
	cr_expect_eq(order->last, last);
	expect_content(order, content);
}

Test(order, place)
{
	struct order order = placed();

	expect_order(&order, 1, EVENT_PLACED, &radio);
	expect_text(order_status(&order), "ORDER PLACED");
	cr_expect_not(order_is_cancelled(&order));
}

Test(order, each_field_can_be_changed_alone)
{
	static const struct {
		unsigned field;
		struct order_content expected;
	} cases[] = {
		{ ORDER_PRODUCT_ID, { 2000, 3, "101", "RADIO", "PUSAN" } },
		{ ORDER_PRODUCT_NAME, { 2000, 3, "100", "TV", "PUSAN" } },
		{ ORDER_QTY, { 2000, 4, "100", "RADIO", "PUSAN" } },
		{ ORDER_ADDRESS, { 2000, 3, "100", "RADIO", "SEOUL" } },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct order order = placed();
		struct error err;
		bool changed = false;

		cr_expect_eq(order_modify(&order, cases[i].field, &other, at(0), &changed, &err),
			     ST_OK);
		cr_expect(changed, "field %u", cases[i].field);
		expect_order(&order, 2, EVENT_MODIFIED, &cases[i].expected);
		expect_text(order_status(&order), "ORDER MODIFIED");
	}
}

Test(order, all_fields_at_once_are_one_change)
{
	struct order_content expected = other;
	struct order order = placed();
	struct error err;
	bool changed = false;

	expected.customer_id = radio.customer_id;
	cr_expect_eq(order_modify(&order, ORDER_FIELDS_CHANGEABLE, &other, at(0), &changed, &err),
		     ST_OK);
	cr_expect(changed);
	expect_order(&order, 2, EVENT_MODIFIED, &expected);
}

Test(order, the_customer_stays)
{
	struct order order = placed();
	struct error err;
	bool changed = true;

	cr_expect_eq(order_modify(&order, ORDER_CUSTOMER_ID, &other, at(0), &changed, &err), ST_OK);
	cr_expect_not(changed);
	expect_order(&order, 1, EVENT_PLACED, &radio);
}

Test(order, nothing_changed_makes_no_version)
{
	for (unsigned fields = 0; fields <= ORDER_FIELDS_ALL; fields++) {
		struct order order = placed();
		struct error err;
		bool changed = true;

		cr_expect_eq(order_modify(&order, fields, &radio, at(0), &changed, &err), ST_OK);
		cr_expect_not(changed, "fields %u", fields);
		expect_order(&order, 1, EVENT_PLACED, &radio);
	}
}

/* No field given: what the content holds does not matter. */
Test(order, fields_that_are_not_given_are_not_taken)
{
	struct order order = placed();
	struct error err;
	bool changed = true;

	cr_expect_eq(order_modify(&order, 0, &other, at(0), &changed, &err), ST_OK);
	cr_expect_not(changed);
	expect_order(&order, 1, EVENT_PLACED, &radio);
}

/* A shorter text leaves nothing of the longer one; the longest fits. */
Test(order, texts_of_every_length)
{
	struct order order = placed();
	struct order_content content = radio;
	struct error err;
	bool changed = false;

	memset(content.product_id, 'i', sizeof(content.product_id) - 1);
	memset(content.product_name, 'n', sizeof(content.product_name) - 1);
	memset(content.address, 'a', sizeof(content.address) - 1);
	cr_expect_eq(order_modify(&order, ORDER_FIELDS_CHANGEABLE, &content, at(0), &changed, &err),
		     ST_OK);
	expect_order(&order, 2, EVENT_MODIFIED, &content);
	cr_expect_eq(order_modify(&order, ORDER_FIELDS_CHANGEABLE, &radio, at(0), &changed, &err),
		     ST_OK);
	cr_expect(changed);
	expect_order(&order, 3, EVENT_MODIFIED, &radio);
}

Test(order, a_prefix_is_another_text)
{
	struct order_content content = radio;
	struct order order = placed();
	struct error err;
	bool changed = false;

	content.address[4] = '\0';
	cr_expect_eq(order_modify(&order, ORDER_ADDRESS, &content, at(0), &changed, &err), ST_OK);
	cr_expect(changed);
	expect_text(order.content.address, "PUSA");
}

Test(order, cancel)
{
	struct order order = placed();
	struct error err;

	cr_expect_eq(order_cancel(&order, at(0), &err), ST_OK);
	expect_order(&order, 2, EVENT_CANCELLED, &radio);
	expect_text(order_status(&order), "ORDER CANCELLED");
	cr_expect(order_is_cancelled(&order));
}

Test(order, cancelled_takes_no_more)
{
	struct order order = placed();
	struct error err;
	bool changed = true;

	cr_assert_eq(order_cancel(&order, at(0), &err), ST_OK);
	for (int32_t expected = 0; expected <= 3; expected++) {
		cr_expect_eq(order_modify(&order, ORDER_FIELDS_ALL, &other, at(expected), &changed,
					  &err),
			     ST_NOT_FOUND);
		cr_expect_eq(err.status, ST_NOT_FOUND);
		expect_part(err.msg, "7");
		cr_expect_eq(order_cancel(&order, at(expected), &err), ST_NOT_FOUND);
	}
	cr_expect(changed, "an output was written without ST_OK");
	expect_order(&order, 2, EVENT_CANCELLED, &radio);
}

Test(order, a_condition_may_name_several_versions)
{
	struct order_condition condition = { .match = { .count = 2, .list = { 7, 2 } } };
	struct order order = placed();
	bool changed;
	struct error err;

	order.version = 2;
	cr_expect_eq(order_modify(&order, ORDER_QTY, &other, &condition, &changed, &err), ST_OK);
	cr_expect_eq(order.version, 3);
	cr_expect_eq(order_cancel(&order, &condition, &err), ST_CONFLICT, "it is at 3 now");
	condition.none_match = (struct order_versions){ .count = 1, .list = { 3 } };
	condition.match.any = true;
	cr_expect_eq(order_cancel(&order, &condition, &err), ST_CONFLICT, "3 is excluded");
	condition.none_match.list[0] = 2;
	cr_expect_eq(order_cancel(&order, &condition, &err), ST_OK);
}

Test(order, expected_version)
{
	struct order order = placed();
	struct error err;
	bool changed = true;

	cr_expect_eq(order_modify(&order, ORDER_QTY, &other, at(2), &changed, &err), ST_CONFLICT);
	cr_expect_eq(err.status, ST_CONFLICT);
	expect_part(err.msg, "version 1");
	cr_expect_eq(order_modify(&order, ORDER_QTY, &other, at(-1), &changed, &err), ST_CONFLICT);
	cr_expect_eq(order_cancel(&order, at(2), &err), ST_CONFLICT);
	/* It holds for a change that changes nothing too. */
	cr_expect_eq(order_modify(&order, 0, &radio, at(2), &changed, &err), ST_CONFLICT);
	cr_expect(changed, "an output was written without ST_OK");
	expect_order(&order, 1, EVENT_PLACED, &radio);

	cr_expect_eq(order_modify(&order, ORDER_QTY, &other, at(1), &changed, &err), ST_OK);
	cr_expect_eq(order.version, 2);
	cr_expect_eq(order_cancel(&order, at(1), &err), ST_CONFLICT);
	cr_expect_eq(order_cancel(&order, at(2), &err), ST_OK);
	cr_expect_eq(order.version, 3);
}

Test(order, event_of_the_latest_change)
{
	struct order order = placed();
	struct order_event e = order_to_event(&order, 1732180000123);
	struct error err;
	bool changed;

	cr_expect_eq(e.type, EVENT_PLACED);
	cr_expect_eq(e.timestamp_ms, 1732180000123);
	cr_expect_eq(e.order_id, 7);
	cr_expect_eq(e.version, 1);
	cr_expect_eq(e.qty, 3);
	cr_expect_eq(e.customer_id, 2000);
	cr_expect_eq(e.product_id, order.content.product_id);
	cr_expect_eq(e.product_name, order.content.product_name);
	cr_expect_eq(e.address, order.content.address);

	cr_assert_eq(order_modify(&order, ORDER_QTY | ORDER_ADDRESS, &other, at(0), &changed, &err),
		     ST_OK);
	e = order_to_event(&order, 5);
	cr_expect_eq(e.type, EVENT_MODIFIED);
	cr_expect_eq(e.version, 2);
	cr_expect_eq(e.qty, 4);
	expect_text(e.address, "SEOUL");
	expect_text(e.product_name, "RADIO");

	cr_assert_eq(order_cancel(&order, at(0), &err), ST_OK);
	e = order_to_event(&order, 6);
	cr_expect_eq(e.type, EVENT_CANCELLED);
	cr_expect_eq(e.version, 3);
}

/* Few values, so that many commands change nothing. */
static struct order_content random_content(uint64_t *seed)
{
	static const char *const texts[] = { "a", "ab", "b" };
	struct order_content c = { .qty = 1 + (int32_t)random_below(seed, 3),
				   .customer_id = random_below(seed, 3) };

	(void)snprintf(c.product_id, sizeof(c.product_id), "%s", texts[random_below(seed, 3)]);
	(void)snprintf(c.product_name, sizeof(c.product_name), "%s", texts[random_below(seed, 3)]);
	(void)snprintf(c.address, sizeof(c.address), "%s", texts[random_below(seed, 3)]);
	return c;
}

static bool differs(const struct order_content *a, const struct order_content *b, unsigned fields)
{
	return ((fields & ORDER_QTY) && a->qty != b->qty) ||
	       ((fields & ORDER_PRODUCT_ID) && strcmp(a->product_id, b->product_id) != 0) ||
	       ((fields & ORDER_PRODUCT_NAME) && strcmp(a->product_name, b->product_name) != 0) ||
	       ((fields & ORDER_ADDRESS) && strcmp(a->address, b->address) != 0);
}

/* Any sequence of commands: a version for each change and for nothing else, one after the other. */
Test(order, versions_have_no_gaps)
{
	uint64_t seed = 1;
	int changes = 0, unchanged = 0, conflicts = 0;

	for (int round = 0; round < 500; round++) {
		struct order_content content = random_content(&seed);
		struct order order;
		int32_t version = 1;
		bool cancelled = false;

		order_place(&order, 7, &content);
		for (int i = 0; i < 40; i++) {
			struct order_content wanted = random_content(&seed), before = order.content;
			unsigned fields = random_below(&seed, ORDER_FIELDS_ALL + 1);
			int32_t expected = random_below(&seed, 3)
						   ? 0
						   : version - 1 + (int32_t)random_below(&seed, 3);
			bool cancel = random_below(&seed, 30) == 0, changed = false;
			bool conflict = expected != 0 && expected != version;
			struct error err;
			enum status st = cancel ? order_cancel(&order, at(expected), &err)
						: order_modify(&order, fields, &wanted,
							       at(expected), &changed, &err);

			cr_assert_eq(st, cancelled ? ST_NOT_FOUND : conflict ? ST_CONFLICT : ST_OK);
			conflicts += st == ST_CONFLICT;
			if (st == ST_OK && (cancel || differs(&before, &wanted, fields))) {
				struct order_event e;

				version++;
				changes++;
				cancelled = cancel;
				e = order_to_event(&order, 0);
				cr_assert_eq(e.version, version);
				cr_assert_eq(e.type, cancel ? EVENT_CANCELLED : EVENT_MODIFIED);
				cr_assert(cancel || changed);
			} else {
				unchanged += st == ST_OK;
				cr_assert_not(changed);
				cr_assert_not(differs(&before, &order.content, ORDER_FIELDS_ALL));
			}
			cr_assert_eq(order.version, version);
			cr_assert_eq(order_is_cancelled(&order), cancelled);
			cr_assert_eq(order.content.customer_id, before.customer_id);
		}
	}
	cr_expect(changes > 1000 && unchanged > 1000 && conflicts > 500, "%d, %d, %d", changes,
		  unchanged, conflicts);
}
