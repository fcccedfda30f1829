#include <string.h>

#include "common/http/http_problem.h"
#include "tests/unit/unit.h"

Test(http_problem, every_kind_has_a_type_of_its_own_a_status_and_a_title)
{
	for (int p = 0; p < HTTP_PROBLEM_COUNT; p++) {
		const struct http_problem_kind *kind = http_problem_kind((enum http_problem)p);

		cr_assert_not_null(kind->type, "kind %d", p);
		cr_expect_eq(strncmp(kind->type, "/errors#", 8), 0, "%s", kind->type);
		cr_expect(kind->type[8], "%s", kind->type);
		cr_expect(kind->status >= 400 && kind->status < 600, "%s", kind->type);
		cr_expect(kind->title && kind->title[0], "%s", kind->type);
		for (int other = 0; other < p; other++)
			cr_expect_str_neq(http_problem_kind((enum http_problem)other)->type,
					  kind->type);
	}
}

Test(http_problem, what_the_server_refuses_has_a_kind)
{
	/* Those that common/http answers with by their number. */
	static const int statuses[] = {
		400, 403, 404, 405, 413, 414, 415, 417, 421, 431, 501, 503
	};

	for (size_t i = 0; i < COUNT_OF(statuses); i++)
		cr_expect_eq(http_problem_kind(http_problem_of(statuses[i]))->status, statuses[i]);
	cr_expect_eq(http_problem_of(400), HTTP_PROBLEM_MALFORMED_REQUEST);
	cr_expect_eq(http_problem_of(599), HTTP_PROBLEM_INTERNAL_ERROR);
}

Test(http_problem, as_json)
{
	json_t *root = http_problem_json(HTTP_PROBLEM_UNKNOWN_ORDER, "id", "no order 7");

	expect_text(json_string_value(json_object_get(root, "type")), "/errors#unknown-order");
	expect_text(json_string_value(json_object_get(root, "title")), "There is no such order");
	cr_expect_eq(json_integer_value(json_object_get(root, "status")), 404);
	expect_text(json_string_value(json_object_get(root, "detail")), "no order 7");
	expect_text(json_string_value(json_object_get(root, "field")), "id");
	json_decref(root);
	root = http_problem_json(HTTP_PROBLEM_UNKNOWN_ORDER, NULL, "\xff");
	cr_expect_eq(json_object_size(root), 3, "neither a field nor what is no UTF-8");
	json_decref(root);
}
