/* Orders from and to JSON: what the API takes, and for what it refuses the field that it names. */
#include "order-service/core/order_json.h"
#include "tests/unit/unit.h"

TestSuite(order_json, .init = unit_deadline);

struct answer {
	enum status status;
	struct order_content content;
	unsigned fields;
	char field[300];
	struct error err;
};

/* Takes body. */
static struct answer read_json(json_t *body, unsigned allowed, unsigned required)
{
	struct answer a = { .fields = 99, .err.msg = "" };
	const char *field = NULL;

	cr_assert_not_null(body);
	a.status =
		order_content_read(body, allowed, required, &a.content, &a.fields, &field, &a.err);
	/* It may be borrowed from body, which goes. */
	if (a.status != ST_OK)
		(void)snprintf(a.field, sizeof(a.field), "%s", field ? field : "(none)");
	json_decref(body);
	return a;
}

static struct answer read_text(const char *json, unsigned allowed, unsigned required)
{
	json_error_t why;
	json_t *body = json_loads(json, JSON_REJECT_DUPLICATES, &why);

	cr_assert_not_null(body, "%s: %s", json, why.text);
	return read_json(body, allowed, required);
}

static json_t *good_order(void)
{
	return json_pack("{s:i, s:s, s:s, s:i, s:s}", "customerId", 2000, "productId", "100",
			 "productName", "RADIO", "qty", 3, "address", "PUSAN");
}

/* A good order but for one field, which gets value (taken). */
static struct answer post_with(const char *name, json_t *value)
{
	json_t *body = good_order();

	cr_assert(value);
	cr_assert_eq(json_object_set_new_nocheck(body, name, value), 0);
	return read_json(body, ORDER_FIELDS_ALL, ORDER_FIELDS_ALL);
}

static void expect_refused(const struct answer *a, const char *field, const char *part,
			   const char *what)
{
	cr_expect_eq(a->status, ST_INVALID, "%s=%.80s: %s", field, what, status_name(a->status));
	cr_expect_eq(a->err.status, ST_INVALID, "%s=%.80s", field, what);
	cr_expect(strcmp(a->field, field) == 0, "%s is named, not %s, for %.80s", a->field, field,
		  what);
	cr_expect(strstr(a->err.msg, part), "%s=%.80s: \"%s\" without %s", field, what, a->err.msg,
		  part);
	cr_expect_eq(a->fields, 99, "%s=%.80s: an output was written without ST_OK", field, what);
}

Test(order_json, a_whole_order)
{
	struct answer a = read_json(good_order(), ORDER_FIELDS_ALL, ORDER_FIELDS_ALL);

	cr_assert_eq(a.status, ST_OK, "%s", a.err.msg);
	cr_expect_eq(a.fields, (unsigned)ORDER_FIELDS_ALL);
	cr_expect_eq(a.content.customer_id, 2000);
	cr_expect_eq(a.content.qty, 3);
	expect_text(a.content.product_id, "100");
	expect_text(a.content.product_name, "RADIO");
	expect_text(a.content.address, "PUSAN");
}

/* What httpie sends for customerId=2000 qty=3. */
Test(order_json, numbers_as_strings)
{
	struct answer a =
		read_text("{\"customerId\":\"2000\",\"productId\":\"100\","
			  "\"productName\":\"RADIO\",\"qty\":\"3\",\"address\":\"PUSAN\"}",
			  ORDER_FIELDS_ALL, ORDER_FIELDS_ALL);

	cr_assert_eq(a.status, ST_OK, "%s", a.err.msg);
	cr_expect_eq(a.content.customer_id, 2000);
	cr_expect_eq(a.content.qty, 3);
}

Test(order_json, any_subset_where_nothing_is_required)
{
	static const struct {
		const char *json;
		unsigned fields;
	} cases[] = {
		{ "{}", 0 },
		{ "{\"qty\":5}", ORDER_QTY },
		{ "{\"address\":\"SEOUL\"}", ORDER_ADDRESS },
		{ "{\"productId\":\"7\"}", ORDER_PRODUCT_ID },
		{ "{\"productName\":\"TV\"}", ORDER_PRODUCT_NAME },
		{ "{\"address\":\"SEOUL\",\"qty\":5}", ORDER_QTY | ORDER_ADDRESS },
		{ "{\"address\":\"a\",\"qty\":5,\"productName\":\"b\",\"productId\":\"c\"}",
		  ORDER_FIELDS_CHANGEABLE },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct answer a = read_text(cases[i].json, ORDER_FIELDS_CHANGEABLE, 0);

		cr_expect_eq(a.status, ST_OK, "%s: %s", cases[i].json, a.err.msg);
		cr_expect_eq(a.fields, cases[i].fields, "%s: fields %u", cases[i].json, a.fields);
		cr_expect(!(a.fields & ORDER_QTY) || a.content.qty == 5);
	}
}

Test(order_json, each_missing_field_is_named)
{
	static const char *const names[] = { "customerId", "productId", "productName", "qty",
					     "address" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		json_t *body = good_order();
		struct answer a;

		json_object_del(body, names[i]);
		a = read_json(body, ORDER_FIELDS_ALL, ORDER_FIELDS_ALL);
		expect_refused(&a, names[i], "missing", "nothing");
	}
	{
		struct answer a = read_text("{}", ORDER_FIELDS_ALL, ORDER_ADDRESS);

		expect_refused(&a, "address", "missing", "nothing");
	}
}

Test(order_json, bad_numbers_are_named)
{
	static const char *const bad[] = {
		"0",
		"-1",
		"-5",
		"35e-1",
		"1.5",
		"true",
		"false",
		"null",
		"[]",
		"[3]",
		"{}",
		"\"\"",
		"\"0\"",
		"\"-5\"",
		"\"3x\"",
		"\"x\"",
		"\"1e3\"",
		"\"+3\"",
		"\" 3\"",
		"\"3 \"",
		"\"3.0\"",
		"\"0x3\"",
		"\"-\"",
		"-9223372036854775808",
		"\"9223372036854775808\"",
		"\"18446744073709551617\"",
	};
	static const char *const bad_qty[] = { "2147483648", "4294967297", "9223372036854775807",
					       "\"2147483648\"", "\"4294967299\"" };

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct answer a = post_with("qty", json_loads(bad[i], JSON_DECODE_ANY, NULL));

		expect_refused(&a, "qty", "from 1 to 2147483647", bad[i]);
		a = post_with("customerId", json_loads(bad[i], JSON_DECODE_ANY, NULL));
		expect_refused(&a, "customerId", "from 1 to 9223372036854775807", bad[i]);
	}
	for (size_t i = 0; i < COUNT_OF(bad_qty); i++) {
		struct answer a = post_with("qty", json_loads(bad_qty[i], JSON_DECODE_ANY, NULL));

		expect_refused(&a, "qty", "from 1 to 2147483647", bad_qty[i]);
	}
}

Test(order_json, a_whole_number_may_be_written_as_a_real)
{
	static const char *const same[] = { "3", "3.0", "3e0", "0.3e1", "30e-1", "\"3\"" };

	for (size_t i = 0; i < COUNT_OF(same); i++) {
		struct answer a = post_with("qty", json_loads(same[i], JSON_DECODE_ANY, NULL));

		cr_expect_eq(a.status, ST_OK, "%s", same[i]);
		cr_expect_eq(a.content.qty, 3, "%s", same[i]);
	}
}

Test(order_json, a_real_too_large_to_be_exact_is_refused)
{
	struct answer a = post_with("customerId", json_real(0x1p53));

	cr_expect_eq(a.status, ST_OK);
	cr_expect_eq(a.content.customer_id, 9007199254740992);
	a = post_with("customerId", json_real(0x1p53 + 2));
	expect_refused(&a, "customerId", "from 1 to 9223372036854775807", "2^53 + 2");
}

Test(order_json, the_ends_of_the_ranges)
{
	struct answer a = post_with("qty", json_integer(2147483647));

	cr_expect_eq(a.status, ST_OK);
	cr_expect_eq(a.content.qty, 2147483647);
	a = post_with("qty", json_integer(1));
	cr_expect_eq(a.content.qty, 1);
	a = post_with("customerId", json_integer(INT64_MAX));
	cr_expect_eq(a.status, ST_OK);
	cr_expect_eq(a.content.customer_id, INT64_MAX);
	a = post_with("customerId", json_string("9223372036854775807"));
	cr_expect_eq(a.content.customer_id, INT64_MAX);
}

static const char *const text_names[] = { "productId", "productName", "address" };

Test(order_json, bad_texts_are_named)
{
	static const struct {
		const char *json, *part;
	} bad[] = {
		{ "\"\"", "empty" },  { "1", "string" },    { "1.5", "string" },
		{ "true", "string" }, { "null", "string" }, { "[\"a\"]", "string" },
		{ "{}", "string" },
	};
	static const struct {
		const char *text;
		size_t len;
	} not_utf8[] = { { "caf\xe9", 4 }, { "\xc0\xaf", 2 }, { "\xed\xa0\x80", 3 },
			 { "a\0b", 3 },    { "\0", 1 },       { "\xe2\x82", 2 } };

	for (size_t n = 0; n < COUNT_OF(text_names); n++) {
		for (size_t i = 0; i < COUNT_OF(bad); i++) {
			struct answer a = post_with(text_names[n],
						    json_loads(bad[i].json, JSON_DECODE_ANY, NULL));

			expect_refused(&a, text_names[n], bad[i].part, bad[i].json);
		}
		for (size_t i = 0; i < COUNT_OF(not_utf8); i++) {
			struct answer a =
				post_with(text_names[n],
					  json_stringn_nocheck(not_utf8[i].text, not_utf8[i].len));

			expect_refused(&a, text_names[n], "UTF-8", "bad bytes");
		}
	}
}

/* In characters, whatever bytes they take: the longest fits its array. */
Test(order_json, the_longest_texts)
{
	static const char *const ones[] = { "a", "\xc3\xa9", "\xeb\xb6\x80", "\xf0\x9f\x98\x80" };
	static const size_t limits[] = { PRODUCT_ID_MAX, PRODUCT_NAME_MAX, ADDRESS_MAX };

	for (size_t n = 0; n < COUNT_OF(text_names); n++) {
		for (size_t o = 0; o < COUNT_OF(ones); o++) {
			char text[(ADDRESS_MAX + 50) * 4] = "", limit[32];
			size_t one = strlen(ones[o]);
			struct answer a;

			for (size_t i = 0; i < limits[n]; i++)
				memcpy(text + i * one, ones[o], one);
			a = post_with(text_names[n], json_string(text));
			cr_expect_eq(a.status, ST_OK, "%s of %zu-byte characters: %s",
				     text_names[n], one, a.err.msg);
			expect_text(n == 0   ? a.content.product_id
				    : n == 1 ? a.content.product_name
					     : a.content.address,
				    text);

			memcpy(text + limits[n] * one, ones[o], one);
			(void)snprintf(limit, sizeof(limit), "at most %zu ", limits[n]);
			a = post_with(text_names[n], json_string(text));
			expect_refused(&a, text_names[n], limit, "one more character");
			for (size_t i = limits[n]; i < limits[n] + 45; i++)
				memcpy(text + i * one, ones[o], one);
			a = post_with(text_names[n], json_string(text));
			expect_refused(&a, text_names[n], limit, "45 more characters");
		}
	}
}

Test(order_json, unknown_fields_are_named)
{
	static const char *const names[] = { "price",  "Qty", "id",         "version",
					     "status", "",    "customerid", "qty " };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct answer a = post_with(names[i], json_integer(1));

		expect_refused(&a, names[i], "not a field", "1");
	}
}

Test(order_json, fields_that_are_not_allowed_are_named)
{
	struct answer a = read_text("{\"qty\":5,\"customerId\":2000}", ORDER_FIELDS_CHANGEABLE, 0);

	expect_refused(&a, "customerId", "cannot be changed", "2000");
	a = read_text("{\"qty\":5}", ORDER_ADDRESS, 0);
	expect_refused(&a, "qty", "cannot be changed", "5");
}

/* Returns owned. */
static char *shown(const struct order *order)
{
	struct json_writer w;

	json_writer_init(&w, 0);
	order_write_json(&w, NULL, order);
	return json_writer_take(&w);
}

Test(order_json, shows_an_order_as_the_contract)
{
	struct order order = { .id = INT64_MAX,
			       .version = 2,
			       .last = EVENT_MODIFIED,
			       .content = { .customer_id = 2000,
					    .qty = 3,
					    .product_id = "100",
					    .product_name = "RADIO \xeb\xb6\x80",
					    .address = "PUSAN \"1\"" } };
	char *text = shown(&order);

	expect_text(text, "{\"id\":9223372036854775807,\"version\":2,\"customerId\":2000,"
			  "\"productId\":\"100\",\"productName\":\"RADIO \xeb\xb6\x80\",\"qty\":3,"
			  "\"address\":\"PUSAN \\\"1\\\"\",\"status\":\"ORDER MODIFIED\"}");
	free(text);
}

/* What is shown can be posted again, without what the service adds. */
Test(order_json, what_is_shown_can_be_read)
{
	struct answer posted = read_json(good_order(), ORDER_FIELDS_ALL, ORDER_FIELDS_ALL);
	struct order order;
	struct answer a;
	char *text;
	json_t *json;

	order_place(&order, 7, &posted.content);
	text = shown(&order);
	json = json_loads(text, 0, NULL);
	free(text);
	json_object_del(json, "id");
	json_object_del(json, "version");
	json_object_del(json, "status");
	a = read_json(json, ORDER_FIELDS_ALL, ORDER_FIELDS_ALL);
	cr_expect_eq(a.status, ST_OK);
	expect_text(a.content.address, "PUSAN");
	cr_expect_eq(a.content.qty, 3);
}

/* --- events -------------------------------------------------------------------------------- */

Test(order_json, an_event_names_its_order)
{
	static const struct {
		const char *payload;
		int64_t id;
	} events[] = {
		{ "{\"eventType\":\"OrderPlaced\",\"id\":2,\"orderId\":3}", 2 },
		{ "{\"eventType\":\"OrderCancelled\",\"id\":\"17\"}", 17 },
		{ "{\"eventType\":\"DeliveryStarted\",\"id\":2,\"orderId\":3}", 3 },
		{ "{\"eventType\":\"OrderPlaced\",\"id\":9223372036854775807}", INT64_MAX },
		{ "{\"eventType\":\"OrderPlaced\",\"id\":-1}", 0 },
		{ "{\"eventType\":\"OrderPlaced\",\"id\":1.5}", 0 },
		{ "{\"eventType\":\"OrderPlaced\",\"id\":9223372036854775808}", 0 },
		{ "{\"eventType\":\"OrderPlaced\"}", 0 },
		{ "{\"eventType\":\"Weather\",\"id\":2}", 0 },
		{ "{\"eventType\":7,\"id\":2}", 0 },
		{ "{\"id\":2}", 0 },
		{ "[2]", 0 },
		{ "2", 0 },
		{ "", 0 },
		{ "{\"eventType\":\"OrderPlaced\",\"id\":2", 0 },
	};

	for (size_t i = 0; i < COUNT_OF(events); i++)
		cr_expect_eq(order_json_event_id(events[i].payload, strlen(events[i].payload)),
			     events[i].id, "%s", events[i].payload);
	cr_expect_eq(order_json_event_id(NULL, 0), 0);
}
