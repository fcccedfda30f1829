/*
 * What a service serves of itself: its API as OpenAPI, and the page that explains errors.
 */
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"

TestSuite(documents, .timeout = 600);

static void expect_documents(const char *program)
{
	const struct service *service = service_launch(program, NULL);
	struct http_answer answer = http_call(service->port, "GET", "/openapi.json", NULL, NULL);
	const json_t *paths = json_object_get(answer.json, "paths");

	cr_expect_str_eq(http_header(&answer, "Content-Type"), "application/json");
	cr_expect_str_eq(json_text(answer.json, "openapi"), "3.1.0", "%s", answer.body);
	cr_expect_str_eq(json_text(json_object_get(answer.json, "info"), "title"), program);
	cr_expect_not_null(json_object_get(paths, "/openapi.json"));

	answer = http_call(service->port, "GET", "/errors", NULL, NULL);
	cr_expect_eq(answer.status, 200);
	cr_expect_str_eq(http_header(&answer, "Content-Type"), "text/markdown; charset=utf-8");
	cr_expect_not_null(strstr(answer.body, "\n### invalid-member\n"));

	answer = http_call(service->port, "GET", "/nothing", NULL, NULL);
	cr_expect_str_eq(json_text(answer.json, "type"), "/errors#no-such-path");
}

LAB_TEST(documents, order_service_serves_its_own, 1)
{
	expect_documents(ORDER);
}

LAB_TEST(documents, delivery_service_serves_its_own, 1)
{
	expect_documents(DELIVERY);
}
