#include "tests/faults/phrases.h"
#include "tests/unit/unit.h"

TestSuite(phrases, .init = unit_deadline);

Test(phrases, finds_each_line_that_tells_of_trouble)
{
	const char *text = "delivery-service 1  http://127.0.0.1:8082/deliveries\n"
			   "stack.sh: delivery-2 ended while starting; see x.log: y\n"
			   "\n"
			   "stack.sh: order-service (pid 1) stops; killing it";
	char line[200];

	cr_assert(phrases_find(&text, line, sizeof(line)));
	expect_text(line, "stack.sh: delivery-2 ended while starting; see x.log: y");
	cr_assert(phrases_find(&text, line, sizeof(line)));
	expect_text(line, "stack.sh: order-service (pid 1) stops; killing it");
	cr_expect(!phrases_find(&text, line, sizeof(line)));
}

/* The scripts are not asked for these words otherwise. */
Test(phrases, are_those_of_the_scripts)
{
	static char script[100000];
	FILE *file = fopen("stack/process.sh", "re");

	cr_assert(file);
	cr_assert_gt(fread(script, 1, sizeof(script) - 1, file), 0);
	(void)fclose(file);
	for (const char *const *phrase = phrases_of_scripts; *phrase; phrase++)
		expect_part(script, *phrase);
}

Test(phrases, errors_are_known_by_their_level_and_sanitizers_by_their_name)
{
	cr_expect(phrases_is_error("2026-01-02T03:04:05.678Z ERROR relay msg=\"x\""));
	cr_expect(phrases_is_error("==7==ERROR: AddressSanitizer: heap-use-after-free"));
	cr_expect(phrases_is_error("a.c:1:2: runtime error: signed integer overflow"));
	cr_expect(!phrases_is_error("2026-01-02T03:04:05.678Z WARN relay msg=\"an ERROR here\""));
	cr_expect(!phrases_is_error(" ERROR without a time"));
	cr_expect(!phrases_is_error(""));
	cr_expect(!phrases_is_error("2026-01-02T03:04:05.678Z ERROR order-service "
				    "msg=\"a part stands still\" part=relay"));
	cr_expect(!phrases_is_error("2026-01-02T03:04:05.678Z ERROR delivery "
				    "msg=\"the stop takes too long, ending at once\" part=relay"));
}

Test(phrases, a_loss_of_the_database_is_known_by_its_text)
{
	cr_expect(phrases_is_loss("2026-01-02T03:04:05.678Z ERROR delivery msg=\"the database has "
				  "forgotten what was committed\" partition=3"));
	cr_expect(
		phrases_is_loss("2026-01-02T03:04:05.678Z ERROR delivery msg=\"conflicting "
				"event: its order and version came with other content\" order=1"));
	cr_expect(!phrases_is_loss("2026-01-02T03:04:05.678Z WARN delivery msg=\"the database has "
				   "forgotten what was committed\""));
	cr_expect(!phrases_is_loss("2026-01-02T03:04:05.678Z ERROR relay msg=\"x\""));
}
