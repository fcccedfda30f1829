/* The wire format: byte-exact out, lenient where the lab's services differ in, strict elsewhere. */
#include <jansson.h>

#include "common/base/strbuf.h"
#include "common/event/event_json.h"
#include "tests/unit/unit.h"

TestSuite(event_json, .init = unit_deadline);

#define PLACED                                                                                     \
	"{\"eventType\":\"OrderPlaced\",\"timestamp\":1732180000123,\"id\":2,\"version\":1,"       \
	"\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\",\"qty\":3,"           \
	"\"address\":\"PUSAN\"}"

/* The decoder sees exactly len bytes, with nothing after them. */
static enum status decode(enum event_type type, const char *json, size_t len,
			  struct order_event **out, struct error *err)
{
	char *copy = exact_copy(json, len);
	enum status st = event_decode(type, copy, len, out, err);

	free(copy);
	return st;
}

static void expect_event(const struct order_event *e, const struct order_event *expected)
{
	cr_expect_eq(e->type, expected->type);
	cr_expect_eq(e->timestamp_ms, expected->timestamp_ms);
	cr_expect_eq(e->order_id, expected->order_id);
	cr_expect_eq(e->version, expected->version);
	cr_expect_eq(e->customer_id, expected->customer_id);
	cr_expect_eq(e->qty, expected->qty);
	expect_text(e->product_id, expected->product_id);
	expect_text(e->product_name, expected->product_name);
	expect_text(e->address, expected->address);
}

static void expect_decoded(const char *json, const struct order_event *expected)
{
	struct order_event *event = NULL;
	struct error err = { .msg = "" };

	cr_assert_eq(decode(expected->type, json, strlen(json), &event, &err), ST_OK, "%s: %s",
		     err.msg, json);
	expect_event(event, expected);
	free(event);
}

/* ST_INVALID, with part in the text and the output untouched. */
static void expect_refused_bytes(const char *json, size_t len, const char *part)
{
	struct order_event mark, *event = &mark;
	struct error err = { .msg = "" };
	enum status st = decode(EVENT_PLACED, json, len, &event, &err);

	cr_expect_eq(st, ST_INVALID, "%.200s: %s", json, status_name(st));
	cr_expect_eq(err.status, ST_INVALID);
	cr_expect(strstr(err.msg, part), "\"%s\" does not name %s: %.200s", err.msg, part, json);
	cr_expect_eq(event, &mark, "wrote its output: %.200s", json);
	if (event != &mark)
		free(event);
}

static void expect_refused(const char *json, const char *part)
{
	expect_refused_bytes(json, strlen(json), part);
}

static const struct order_event placed = {
	.type = EVENT_PLACED,
	.timestamp_ms = 1732180000123,
	.order_id = 2,
	.version = 1,
	.qty = 3,
	.customer_id = 2000,
	.product_id = "100",
	.product_name = "RADIO",
	.address = "PUSAN",
};

/* --- reading ------------------------------------------------------------------------------- */

Test(event_json, decodes_the_event_of_the_contract)
{
	expect_decoded(PLACED, &placed);
}

Test(event_json, decodes_each_type_that_the_header_names)
{
	for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
		struct order_event expected = placed;
		char *json;

		expected.type = (enum event_type)i;
		json = event_encode_order(&expected);
		cr_assert_not_null(json);
		expect_decoded(json, &expected);
		free(json);
	}
}

/* The fields of a good event, each replaceable. value NULL: the field is left out. */
static const struct field {
	const char *name, *value;
	bool required, number;
} fields[] = {
	{ "eventType", "\"OrderPlaced\"", true, false },
	{ "timestamp", "1732180000123", false, true },
	{ "id", "2", true, true },
	{ "version", "1", false, true },
	{ "customerId", "2000", true, true },
	{ "productId", "\"100\"", true, false },
	{ "productName", "\"RADIO\"", true, false },
	{ "qty", "3", true, true },
	{ "address", "\"PUSAN\"", true, false },
};

static const char *with(const char *name, const char *value)
{
	static char json[1024];
	struct strbuf sb = STRBUF_ON(json);

	strbuf_puts(&sb, "{");
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		const char *v = strcmp(fields[i].name, name) == 0 ? value : fields[i].value;

		if (v)
			strbuf_printf(&sb, "%s\"%s\": %s", sb.len > 1 ? ", " : "", fields[i].name,
				      v);
	}
	strbuf_puts(&sb, "}");
	cr_assert_not(sb.overflow);
	return json;
}

Test(event_json, version_and_timestamp_may_be_missing)
{
	struct order_event expected = placed;

	expected.version = 0;
	expect_decoded(with("version", NULL), &expected);
	expect_decoded(with("version", "null"), &expected);
	expected = placed;
	expected.timestamp_ms = 0;
	expect_decoded(with("timestamp", NULL), &expected);
	expect_decoded(with("timestamp", "null"), &expected);
}

Test(event_json, missing_and_null_fields_are_named)
{
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		if (!fields[i].required)
			continue;
		expect_refused(with(fields[i].name, NULL), fields[i].name);
		expect_refused(with(fields[i].name, "null"), fields[i].name);
	}
}

Test(event_json, wrong_types_are_named)
{
	static const char *const no_number[] = { "true",    "false",   "1.5",    "1e3",
						 "3.0",     "[]",      "[1]",    "{}",
						 "\"\"",    "\"abc\"", "\" 1\"", "\"+1\"",
						 "\"1.0\"", "\"1e3\"", "\"3x\"", "\"0x1\"",
						 "\"-\"" };
	static const char *const no_text[] = { "true", "false", "1.5", "[]", "[\"a\"]", "{}" };

	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		const char *const *wrong = fields[i].number ? no_number : no_text;
		size_t count = fields[i].number ? COUNT_OF(no_number) : COUNT_OF(no_text);

		for (size_t j = 0; j < count; j++)
			expect_refused(with(fields[i].name, wrong[j]), fields[i].name);
	}
}

Test(event_json, numbers_may_be_numeric_strings)
{
	struct order_event expected = placed;

	expect_decoded(
		"{\"eventType\":\"OrderPlaced\",\"timestamp\":\"1732180000123\","
		"\"id\":\"2\",\"version\":\"1\",\"customerId\":\"2000\",\"productId\":\"100\","
		"\"productName\":\"RADIO\",\"qty\":\"3\",\"address\":\"PUSAN\"}",
		&expected);
	expected.product_id = "100";
	expect_decoded(with("productId", "100"), &expected);
	expected.product_id = "-9223372036854775808";
	expect_decoded(with("productId", "-9223372036854775808"), &expected);
	expected = placed;
	expected.product_name = "7";
	expect_decoded(with("productName", "7"), &expected);
	expected = placed;
	expected.address = "42";
	expect_decoded(with("address", "42"), &expected);
}

Test(event_json, ranges)
{
	static const struct {
		const char *name, *value;
		bool good;
	} cases[] = {
		{ "id", "1", true },
		{ "id", "0", false },
		{ "id", "-1", false },
		{ "id", "9223372036854775807", true },
		{ "id", "\"9223372036854775807\"", true },
		{ "id", "\"9223372036854775808\"", false },
		{ "version", "1", true },
		{ "version", "2147483647", true },
		{ "version", "2147483648", false },
		{ "version", "4294967297", false },
		{ "version", "0", false },
		{ "version", "-1", false },
		{ "qty", "2147483647", true },
		{ "qty", "2147483648", false },
		{ "qty", "4294967299", false },
		{ "qty", "-2147483649", false },
		{ "customerId", "9223372036854775807", true },
		{ "customerId", "-9223372036854775808", true },
		{ "timestamp", "0", true },
		{ "timestamp", "-1", false },
		{ "timestamp", "9223372036854775807", true },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *json = with(cases[i].name, cases[i].value);
		struct order_event *event = NULL;
		struct error err;

		if (!cases[i].good) {
			expect_refused(json, cases[i].name);
			continue;
		}
		cr_expect_eq(decode(EVENT_PLACED, json, strlen(json), &event, &err), ST_OK, "%s",
			     json);
		free(event);
	}
	expect_refused(with("id", "9223372036854775808"), "");
	expect_refused(with("qty", "99999999999999999999999999"), "");
}

Test(event_json, number_values_arrive_whole)
{
	struct order_event expected = placed;

	expected.order_id = INT64_MAX;
	expect_decoded(with("id", "9223372036854775807"), &expected);
	expected = placed;
	expected.customer_id = INT64_MIN;
	expect_decoded(with("customerId", "\"-9223372036854775808\""), &expected);
	expected = placed;
	expected.version = INT32_MAX;
	expect_decoded(with("version", "2147483647"), &expected);
}

Test(event_json, unknown_fields_are_ignored)
{
	expect_decoded("{\"replyTo\":null, \"nested\":{\"id\":9,\"list\":[1,2.5,{}]},"
		       "\"eventType\":\"OrderPlaced\",\"timestamp\":1732180000123,\"id\":2,"
		       "\"version\":1,\"customerId\":2000,\"productId\":\"100\","
		       "\"productName\":\"RADIO\",\"qty\":3,\"address\":\"PUSAN\","
		       "\"status\":\"x\",\"Qty\":99}\n",
		       &placed);
}

Test(event_json, the_order_of_fields_is_free)
{
	expect_decoded(" {\"address\":\"PUSAN\",\"qty\":3,\"productName\":\"RADIO\","
		       "\"productId\":\"100\",\"customerId\":2000,\"version\":1,\"id\":2,"
		       "\"timestamp\":1732180000123,\"eventType\":\"OrderPlaced\"} ",
		       &placed);
}

Test(event_json, texts_may_be_empty_long_and_of_any_script)
{
	struct order_event expected = placed;
	char address[3003] = "\"";

	expected.product_name = "";
	expect_decoded(with("productName", "\"\""), &expected);
	expected.product_name = "\xeb\xb6\x80\xec\x82\xb0 \"\\/\n\xf0\x9f\x98\x80";
	expect_decoded(with("productName", "\"\xeb\xb6\x80\\uc0b0 \\\"\\\\\\/\\n\\ud83d\\ude00\""),
		       &expected);

	memset(address + 1, 'a', 600);
	expected = placed;
	address[601] = '\0';
	{
		char quoted[640];

		(void)snprintf(quoted, sizeof(quoted), "%s\"", address);
		expected.address = address + 1;
		expect_decoded(with("address", quoted), &expected);
	}
}

Test(event_json, another_event_type_is_refused)
{
	static const char *const others[] = { "\"OrderModified\"",
					      "\"OrderCancelled\"",
					      "\"DeliveryStarted\"",
					      "\"orderplaced\"",
					      "\"OrderPlacedX\"",
					      "\"OrderPlace\"",
					      "\"\"" };

	for (size_t i = 0; i < COUNT_OF(others); i++)
		expect_refused(with("eventType", others[i]), "eventType");
}

Test(event_json, duplicate_fields_are_refused)
{
	expect_refused("{\"eventType\":\"OrderPlaced\",\"timestamp\":1,\"id\":2,\"id\":3,"
		       "\"version\":1,\"customerId\":2000,\"productId\":\"100\","
		       "\"productName\":\"RADIO\",\"qty\":3,\"address\":\"PUSAN\"}",
		       "id");
	expect_refused("{\"x\":1,\"eventType\":\"OrderPlaced\",\"timestamp\":1,\"id\":2,"
		       "\"version\":1,\"customerId\":2000,\"productId\":\"100\","
		       "\"productName\":\"RADIO\",\"qty\":3,\"address\":\"PUSAN\",\"x\":1}",
		       "x");
}

Test(event_json, no_object)
{
	static const char *const cases[] = {
		"",
		" ",
		"null",
		"1",
		"\"OrderPlaced\"",
		"[]",
		"[" PLACED "]",
		"not JSON",
		"{",
		"}",
		"{]",
		PLACED "x",
		PLACED PLACED,
		"{'id':1}",
		"{\"id\"}",
		"{\"id\":}",
		"{id:1}",
		"<order/>",
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		expect_refused(cases[i], "JSON");
	expect_refused("{}", "eventType");
}

Test(event_json, null_payload)
{
	struct order_event *event = NULL;
	struct error err;

	cr_expect_eq(event_decode(EVENT_PLACED, NULL, 0, &event, &err), ST_INVALID);
	expect_part(err.msg, "null payload");
	cr_expect_null(event);
}

/* Each payload that lost its end, as a crash of a careless producer may leave it. */
Test(event_json, every_truncation_is_refused)
{
	for (size_t len = 0; len < strlen(PLACED); len++)
		expect_refused_bytes(PLACED, len, "JSON");
}

Test(event_json, not_utf8)
{
	static const char *const bad[] = { "\"caf\xe9\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"",
					   "\"\xff\"",    "\"\\ud800\"",  "\"\\udc00x\"" };

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		expect_refused(with("address", bad[i]), "JSON");
		expect_refused(with("productName", bad[i]), "JSON");
	}
}

Test(event_json, nul_in_texts_and_payloads)
{
	expect_refused(with("address", "\"a\\u0000b\""), "JSON");
	expect_refused_bytes(PLACED "\0", strlen(PLACED) + 1, "JSON");
	expect_refused_bytes("\0" PLACED, strlen(PLACED) + 1, "JSON");
}

/* Spaces up to the very limit, then one byte more. */
Test(event_json, too_long)
{
	char *json = malloc(EVENT_PAYLOAD_MAX_BYTES + 1);
	struct order_event *event = NULL;
	struct error err;

	cr_assert_not_null(json);
	memset(json, ' ', EVENT_PAYLOAD_MAX_BYTES + 1);
	memcpy(json, PLACED, strlen(PLACED));
	cr_expect_eq(decode(EVENT_PLACED, json, EVENT_PAYLOAD_MAX_BYTES, &event, &err), ST_OK);
	cr_assert_not_null(event);
	expect_event(event, &placed);
	free(event);
	expect_refused_bytes(json, EVENT_PAYLOAD_MAX_BYTES + 1, "65537");
	free(json);
}

Test(event_json, deep_nesting_is_refused)
{
	char *json = malloc(EVENT_PAYLOAD_MAX_BYTES);

	cr_assert_not_null(json);
	memset(json, '[', EVENT_PAYLOAD_MAX_BYTES);
	expect_refused_bytes(json, EVENT_PAYLOAD_MAX_BYTES, "JSON");
	free(json);
}

/* Whatever bytes come: an event or ST_INVALID with a reason, no crash, no leak. */
Test(event_json, damaged_payloads)
{
	uint64_t seed = 20240101;
	char json[] = PLACED;
	int refused = 0;

	for (int i = 0; i < 20000; i++) {
		struct order_event *event = NULL;
		struct error err = { .msg = "" };
		enum status st;

		memcpy(json, PLACED, sizeof(json));
		for (unsigned n = 1 + random_below(&seed, 3); n > 0; n--)
			json[random_below(&seed, sizeof(json) - 1)] =
				(char)random_below(&seed, 256);
		st = decode(EVENT_PLACED, json, sizeof(json) - 1, &event, &err);
		cr_assert(st == ST_OK ? event != NULL : st == ST_INVALID && *err.msg, "%s", json);
		refused += st != ST_OK;
		free(event);
	}
	cr_expect(refused > 10000 && refused < 20000, "%d refused", refused);
}

/* --- writing ------------------------------------------------------------------------------- */

static void expect_order(const struct order_event *event, const char *expected)
{
	char *json = event_encode_order(event);

	expect_text(json, expected);
	free(json);
}

static void expect_delivery(const struct order_event *event, int64_t id, int64_t timestamp_ms,
			    const char *expected)
{
	char *json = event_encode_delivery(event, id, timestamp_ms);

	expect_text(json, expected);
	free(json);
}

Test(event_json, encodes_orders_as_the_contract)
{
	struct order_event e = placed;

	expect_order(&e, PLACED);
	e.type = EVENT_MODIFIED;
	e.version = 2;
	expect_order(&e, "{\"eventType\":\"OrderModified\",\"timestamp\":1732180000123,\"id\":2,"
			 "\"version\":2,\"customerId\":2000,\"productId\":\"100\","
			 "\"productName\":\"RADIO\",\"qty\":3,\"address\":\"PUSAN\"}");
	e.type = EVENT_CANCELLED;
	e.version = 3;
	expect_order(&e, "{\"eventType\":\"OrderCancelled\",\"timestamp\":1732180000123,\"id\":2,"
			 "\"version\":3,\"customerId\":2000,\"productId\":\"100\","
			 "\"productName\":\"RADIO\",\"qty\":3,\"address\":\"PUSAN\"}");
}

Test(event_json, encodes_deliveries_as_the_contract)
{
	struct order_event e = placed;

	expect_delivery(&e, 7, 1732180010456,
			"{\"eventType\":\"DeliveryStarted\",\"timestamp\":1732180010456,\"id\":7,"
			"\"orderId\":2,\"version\":1,\"customerId\":2000,\"productId\":\"100\","
			"\"productName\":\"RADIO\",\"qty\":3,\"address\":\"PUSAN\","
			"\"status\":\"DELIVERY STARTED\"}");
	e.type = EVENT_MODIFIED;
	e.version = 2;
	expect_delivery(&e, 7, 1,
			"{\"eventType\":\"DeliveryModified\",\"timestamp\":1,\"id\":7,"
			"\"orderId\":2,\"version\":2,\"customerId\":2000,\"productId\":\"100\","
			"\"productName\":\"RADIO\",\"qty\":3,\"address\":\"PUSAN\","
			"\"status\":\"DELIVERY MODIFIED\"}");
	e.type = EVENT_CANCELLED;
	expect_delivery(&e, 7, 1,
			"{\"eventType\":\"DeliveryCancelled\",\"timestamp\":1,\"id\":7,"
			"\"orderId\":2,\"version\":2,\"customerId\":2000,\"productId\":\"100\","
			"\"productName\":\"RADIO\",\"qty\":3,\"address\":\"PUSAN\","
			"\"status\":\"DELIVERY CANCELLED\"}");
}

Test(event_json, delivery_of_an_event_without_version_has_none)
{
	struct order_event e = placed;

	e.version = 0;
	expect_delivery(&e, 7, 5,
			"{\"eventType\":\"DeliveryStarted\",\"timestamp\":5,\"id\":7,"
			"\"orderId\":2,\"customerId\":2000,\"productId\":\"100\","
			"\"productName\":\"RADIO\",\"qty\":3,\"address\":\"PUSAN\","
			"\"status\":\"DELIVERY STARTED\"}");
}

Test(event_json, encodes_any_script_as_utf8)
{
	struct order_event e = placed;

	e.product_name = "\xeb\xb6\x80\xec\x82\xb0 \"\\/\n\t\x01\x7f \xf0\x9f\x98\x80";
	e.address = "";
	expect_order(&e, "{\"eventType\":\"OrderPlaced\",\"timestamp\":1732180000123,\"id\":2,"
			 "\"version\":1,\"customerId\":2000,\"productId\":\"100\","
			 "\"productName\":\"\xeb\xb6\x80\xec\x82\xb0 \\\"\\\\/\\n\\t\\u0001\x7f "
			 "\xf0\x9f\x98\x80\",\"qty\":3,\"address\":\"\"}");
}

Test(event_json, encodes_the_ends_of_the_ranges)
{
	struct order_event e = placed;

	e.timestamp_ms = INT64_MAX;
	e.order_id = INT64_MAX;
	e.customer_id = INT64_MIN;
	e.version = INT32_MAX;
	e.qty = INT32_MIN;
	expect_order(&e, "{\"eventType\":\"OrderPlaced\",\"timestamp\":9223372036854775807,"
			 "\"id\":9223372036854775807,\"version\":2147483647,"
			 "\"customerId\":-9223372036854775808,\"productId\":\"100\","
			 "\"productName\":\"RADIO\",\"qty\":-2147483648,\"address\":\"PUSAN\"}");
	expect_delivery(&e, INT64_MAX, 0,
			"{\"eventType\":\"DeliveryStarted\",\"timestamp\":0,"
			"\"id\":9223372036854775807,\"orderId\":9223372036854775807,"
			"\"version\":2147483647,\"customerId\":-9223372036854775808,"
			"\"productId\":\"100\",\"productName\":\"RADIO\",\"qty\":-2147483648,"
			"\"address\":\"PUSAN\",\"status\":\"DELIVERY STARTED\"}");
}

Test(event_json, texts_that_are_not_utf8_are_not_encoded)
{
	for (int i = 0; i < 3; i++) {
		struct order_event e = placed;
		char *order, *delivery;

		*(i == 0 ? &e.product_id : i == 1 ? &e.product_name : &e.address) = "caf\xe9";
		order = event_encode_order(&e);
		delivery = event_encode_delivery(&e, 7, 1);
		cr_expect_null(order, "field %d: %s", i, order);
		cr_expect_null(delivery, "field %d: %s", i, delivery);
		free(order);
		free(delivery);
	}
}

/* What is written is read again as it was, whatever the texts hold. */
Test(event_json, what_is_encoded_is_decoded_the_same)
{
	static const char *const texts[] = { "",         "RADIO",        "\"",
					     "\\",       "\n\r\t",       "\x01\x1f\x7f",
					     "\xc2\x80", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf",
					     "\\u0041",  "</script>",    "{\"id\":1}" };
	uint64_t seed = 7;

	for (int i = 0; i < 2000; i++) {
		struct order_event e = {
			.type = (enum event_type)random_below(&seed, EVENT_TYPE_COUNT),
			.timestamp_ms = random_below(&seed, INT32_MAX),
			.order_id = 1 + (int64_t)random_below(&seed, INT32_MAX) * 65537,
			.version = 1 + (int32_t)random_below(&seed, 1000),
			.qty = 1 + (int32_t)random_below(&seed, 1000),
			.customer_id = random_below(&seed, INT32_MAX),
			.product_id = texts[random_below(&seed, COUNT_OF(texts))],
			.product_name = texts[random_below(&seed, COUNT_OF(texts))],
			.address = texts[random_below(&seed, COUNT_OF(texts))],
		};
		char *json = event_encode_order(&e);

		cr_assert_not_null(json);
		expect_decoded(json, &e);
		free(json);
	}
}
