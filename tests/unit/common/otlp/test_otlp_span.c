/* Spans as OTLP's JSON, and the sampler. */
#include "common/otlp/otlp_span.h"

#include <jansson.h>

#include "common/otlp/otlp_sampler.h"
#include "tests/unit/unit.h"

TestSuite(otlp_span, .init = unit_deadline);

static const struct trace_parent at = { .id = { 0x12, [15] = 0x34 },
					.span = { 0xab, [7] = 0xcd },
					.flags = TRACE_SAMPLED };
static const uint8_t caller[TRACE_SPAN_BYTES] = { 1, [7] = 2 }, nobody[TRACE_SPAN_BYTES];

static char text[OTLP_SPAN_MAX];

static const char *written(const struct otlp_span *span)
{
	struct strbuf out = STRBUF_ON(text);

	text[0] = '\0';
	otlp_span_write(span, &out);
	cr_expect_not(out.overflow);
	return text;
}

static struct otlp_span span_of(const uint8_t *parent)
{
	return (struct otlp_span){ .at = &at,
				   .caller = parent,
				   .kind = OTLP_SERVER,
				   .start_us = 1700000000000001,
				   .end_us = 1700000000000003,
				   .name = "POST",
				   .name_end = "/orders" };
}

Test(otlp_span, is_the_protocols_json)
{
	struct otlp_span span = span_of(caller);

	span.state = "a=\"\\";
	span.error = "503";
	otlp_span_text(&span, "url.path", "/orders");
	otlp_span_text(&span, "url.query", NULL);
	otlp_span_number(&span, "http.response.status_code", -503);
	expect_text(written(&span),
		    "{\"traceId\":\"12000000000000000000000000000034\","
		    "\"spanId\":\"ab000000000000cd\",\"flags\":1,"
		    "\"parentSpanId\":\"0100000000000002\",\"traceState\":\"a=\\\"\\\\\","
		    "\"name\":\"POST /orders\",\"kind\":2,"
		    "\"startTimeUnixNano\":\"1700000000000001000\","
		    "\"endTimeUnixNano\":\"1700000000000003000\",\"attributes\":["
		    "{\"key\":\"url.path\",\"value\":{\"stringValue\":\"/orders\"}},"
		    "{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":\"-503\"}}],"
		    "\"status\":{\"code\":2,\"message\":\"503\"}}");
}

Test(otlp_span, of_a_trace_that_begins_has_no_parent)
{
	struct otlp_span span = span_of(nobody);

	cr_expect_null(strstr(written(&span), "parentSpanId"));
	cr_expect_null(strstr(text, "traceState"));
	cr_expect_null(strstr(text, "status"));
}

/* Two clocks may disagree. */
Test(otlp_span, ends_no_earlier_than_it_begins)
{
	struct otlp_span span = span_of(nobody);

	span.end_us = span.start_us - 5;
	expect_part(written(&span), "\"endTimeUnixNano\":\"1700000000000001000\"");
}

Test(otlp_span, any_bytes_are_a_text)
{
	struct otlp_span span = span_of(nobody);
	char bytes[2 * OTLP_TEXT_MAX];
	json_t *root;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	otlp_span_bytes(&span, "messaging.kafka.message.key", bytes, sizeof(bytes));
	root = json_loads(written(&span), JSON_REJECT_DUPLICATES, NULL);
	cr_expect_not_null(root, "%s", text);
	json_decref(root);
}

Test(otlp_span, what_has_no_room_is_left_out)
{
	struct otlp_span span = span_of(nobody);
	json_t *root;

	for (int i = 0; i < 2 * OTLP_ATTRIBUTES_MAX; i++)
		otlp_span_number(&span, "n", i);
	root = json_loads(written(&span), 0, NULL);
	cr_expect_eq(json_array_size(json_object_get(root, "attributes")), OTLP_ATTRIBUTES_MAX);
	json_decref(root);
}

/* --- the sampler --------------------------------------------------------------------------- */

static bool takes(enum otlp_sampling sampling, const char *ratio, uint8_t flags, bool begins,
		  uint8_t eighth)
{
	const struct trace_parent parent = { .id = { 1, [8] = eighth }, .flags = flags };
	struct otlp_sampler sampler;

	cr_assert(otlp_sampler_init(&sampler, sampling, ratio));
	return otlp_sampler_takes(&sampler, &parent, begins);
}

Test(otlp_span, a_sampler_follows_the_parent_or_not)
{
	cr_expect(takes(OTLP_ALWAYS_ON, "1", 0, false, 0xff));
	cr_expect_not(takes(OTLP_ALWAYS_OFF, "1", 1, false, 0));
	cr_expect(takes(OTLP_PARENT_ALWAYS_OFF, "1", 1, false, 0));
	cr_expect_not(takes(OTLP_PARENT_ALWAYS_ON, "1", 0, false, 0));
	cr_expect(takes(OTLP_PARENT_ALWAYS_ON, "1", 0, true, 0));
	cr_expect_not(takes(OTLP_PARENT_ALWAYS_OFF, "1", 0, true, 0));
}

/* By the last half of the id, so that all services agree. */
Test(otlp_span, a_ratio_is_a_part_of_the_ids)
{
	cr_expect(takes(OTLP_RATIO, "0.25", 0, true, 0x3f));
	cr_expect_not(takes(OTLP_RATIO, "0.25", 1, false, 0x40));
	cr_expect(takes(OTLP_PARENT_RATIO, "0.25", 1, false, 0x40));
	cr_expect(takes(OTLP_RATIO, "1", 0, true, 0xff));
	cr_expect_not(takes(OTLP_RATIO, "0", 0, true, 0));
}

Test(otlp_span, a_ratio_is_a_number_from_0_to_1)
{
	static const char *const bad[] = { "", "x", "0.5x", "-0.1", "1.1", "nan", "inf" };
	struct otlp_sampler sampler;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		cr_expect_not(otlp_sampler_init(&sampler, OTLP_RATIO, bad[i]), "%s", bad[i]);
}
