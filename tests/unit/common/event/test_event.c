/* The names of the events, as the contract writes them. */
#include "common/event/event.h"
#include "tests/unit/unit.h"

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
