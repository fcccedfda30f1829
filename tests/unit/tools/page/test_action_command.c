/* Nothing of a request reaches a command but numbers in their range and words of a list. */
#include "tests/unit/unit.h"
#include "tools/page/action_command.h"

TestSuite(page_action_command, .init = unit_deadline);

static struct action_command command;

static enum status make(const char *name, const char *arguments)
{
	json_t *json = json_loads(arguments, 0, NULL);
	struct error err;
	enum status st;

	cr_assert(json, "%s", arguments);
	st = action_command_make(&command, "/project", "ko", name, json, &err);
	json_decref(json);
	return st;
}

Test(page_action_command, a_number)
{
	cr_assert_eq(make("scale", "{\"n\": 3}"), ST_OK);
	cr_expect_str_eq(command.argv[0], "/project/stack/stack.sh");
	cr_expect_str_eq(command.argv[1], "scale");
	cr_expect_str_eq(command.argv[2], "3");
	cr_expect_null(command.argv[3]);
	action_command_fini(&command);
}

Test(page_action_command, settings_go_before_our_environment)
{
	cr_assert_eq(make("settings", "{\"EVENT_KEY\": \"none\", \"DELIVERY_DELAY_MS\": 3000}"),
		     ST_OK);
	cr_expect_str_eq(command.argv[1], "up");
	cr_expect_null(command.argv[2]);
	cr_expect_str_eq(command.environment[0], "EVENT_KEY=none");
	cr_expect_str_eq(command.environment[1], "DELIVERY_DELAY_MS=3000");
	cr_expect_str_eq(command.environment[2], "LAB_LANG=ko");
	cr_expect_not_null(command.environment[3]);
	action_command_fini(&command);
}

Test(page_action_command, a_script_of_its_own)
{
	cr_assert_eq(make("load", "{}"), ST_OK);
	cr_expect_str_eq(command.argv[0], "/project/lab/innocent.sh");
	cr_expect_null(command.argv[1]);
	action_command_fini(&command);
}

Test(page_action_command, everything_else_is_refused)
{
	static const char *const bad[][2] = {
		{ "scale", "{}" },
		{ "scale", "{\"n\": 9}" },
		{ "scale", "{\"n\": -1}" },
		{ "scale", "{\"n\": \"3\"}" },
		{ "scale", "{\"n\": 1.5}" },
		{ "partitions", "{\"n\": 0}" },
		{ "settings", "{}" },
		{ "settings", "{\"EVENT_KEY\": \"none; rm\"}" },
		{ "settings", "{\"EVENT_KEY\": 1}" },
		{ "settings", "{\"EVENT_KEY\": \"none\", \"DATABASE_URL\": \"x\"}" },
		{ "settings", "{\"DELIVERY_DELAY_MS\": 60001}" },
		{ "down", "{}" },
		{ "", "{}" },
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		cr_expect_eq(make(bad[i][0], bad[i][1]), ST_INVALID, "%s %s", bad[i][0], bad[i][1]);
}
