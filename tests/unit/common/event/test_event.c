/* The names of the events, as the contract writes them. */
#include "common/event/event.h"
#include "tests/unit/unit.h"

#define CONTENT_OF_7 -4396379169305858662LL

TestSuite(event, .init = unit_deadline);

Test(event, names_of_the_contract)
{
	static const char *const names[EVENT_TYPE_COUNT][4] = {
		[EVENT_PLACED] = { "OrderPlaced", "DeliveryStarted", "ORDER PLACED",
				   "DELIVERY STARTED" },
		[EVENT_MODIFIED] = { "OrderModified", "DeliveryModified", "ORDER MODIFIED",
				     "DELIVERY MODIFIED" },
		[EVENT_CANCELLED] = { "OrderCancelled", "DeliveryCancelled", "ORDER CANCELLED",
				      "DELIVERY CANCELLED" },
	};

	for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
		expect_text(event_order_names[i], names[i][0]);
		expect_text(event_delivery_names[i], names[i][1]);
		expect_text(event_order_statuses[i], names[i][2]);
		expect_text(event_delivery_statuses[i], names[i][3]);
	}
	cr_expect_null(event_order_names[EVENT_TYPE_COUNT]);
	cr_expect_null(event_delivery_names[EVENT_TYPE_COUNT]);
	cr_expect_null(event_order_statuses[EVENT_TYPE_COUNT]);
	cr_expect_null(event_delivery_statuses[EVENT_TYPE_COUNT]);
}

static bool is_order_type(const char *text, size_t len, enum event_type *type)
{
	char *copy = exact_copy(text, len);
	bool good = event_order_type(copy, len, type);

	free(copy);
	return good;
}

Test(event, type_of_a_header)
{
	for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
		enum event_type type = (enum event_type)((i + 1) % EVENT_TYPE_COUNT);

		cr_expect(is_order_type(event_order_names[i], strlen(event_order_names[i]), &type));
		cr_expect_eq((int)type, i);
	}
}

Test(event, no_type)
{
	static const char *const cases[] = {
		"",
		"Order",
		"OrderPlace",
		"OrderPlacedX",
		"orderplaced",
		"ORDER PLACED",
		" OrderPlaced",
		"OrderPlaced ",
		"\"OrderPlaced\"",
		"DeliveryStarted",
		"DeliveryModified",
		"DeliveryCancelled",
		"OrderModifiedOrderPlaced",
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		enum event_type type = EVENT_CANCELLED;

		cr_expect_not(is_order_type(cases[i], strlen(cases[i]), &type), "%s", cases[i]);
		cr_expect_eq(type, EVENT_CANCELLED, "%s wrote its output", cases[i]);
	}
	cr_expect_not(is_order_type("OrderPlaced", 12, &(enum event_type){ 0 }), "with its NUL");
}

static struct order_event content(void)
{
	return (struct order_event){ .type = EVENT_MODIFIED,
				     .timestamp_ms = 5,
				     .order_id = 7,
				     .version = 2,
				     .qty = 3,
				     .customer_id = 2000,
				     .product_id = "100",
				     .product_name = "RADIO",
				     .address = "PUSAN" };
}

/* It is in the database: this number never changes. */
Test(event, the_content_is_a_number_that_stays)
{
	struct order_event e = content();

	cr_expect_eq(event_content(&e), CONTENT_OF_7, "%lld", (long long)event_content(&e));
	e.timestamp_ms = 6;
	cr_expect_eq(event_content(&e), CONTENT_OF_7, "the time is no content");
}

Test(event, other_content_has_another_number)
{
	struct order_event others[8];

	for (size_t i = 0; i < 8; i++)
		others[i] = content();
	others[0].type = EVENT_CANCELLED;
	others[1].order_id = 8;
	others[2].version = 3;
	others[3].qty = 4;
	others[4].customer_id = -2000;
	others[5].product_id = "10";
	others[5].product_name = "0RADIO";
	others[6].product_name = "RADIo";
	others[7].address = "";
	for (size_t i = 0; i < 8; i++)
		cr_expect_neq(event_content(&others[i]), CONTENT_OF_7, "%zu", i);
}
