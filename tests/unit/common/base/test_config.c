/* Settings: what is taken, what is refused and how the text names it, and that secrets stay. */
#include <stddef.h>
#include <string.h>

#include "common/base/config.h"
#include "tests/unit/unit.h"

TestSuite(config, .init = unit_deadline);

struct settings {
	const char *topic, *url, *pairs;
	int64_t port, delta;
	int key;
	unsigned on;
};

static const char *const keys_allowed[] = { "order-id", "none", NULL };
static const char *const on_allowed[] = { "OrderPlaced", "OrderModified", "OrderCancelled", NULL };

#define AT(member) offsetof(struct settings, member)

static const struct config_key table[] = {
	{ "TOPIC", CONFIG_TEXT, CONFIG_PUBLIC, AT(topic), "kafka.scaling", 0, 0, NULL,
	  "the topic" },
	{ "URL", CONFIG_TEXT, CONFIG_SECRET_URL, AT(url), "postgresql://127.0.0.1/lab", 0, 0, NULL,
	  "the database" },
	{ "PAIRS", CONFIG_TEXT, CONFIG_SECRET_PAIRS, AT(pairs), "", 0, 0, NULL, "properties" },
	{ "PORT", CONFIG_INT, CONFIG_PUBLIC, AT(port), "8081", 0, 65535, NULL, "the port" },
	{ "DELTA", CONFIG_INT, CONFIG_PUBLIC, AT(delta), "-3", -5, -1, NULL, "a difference" },
	{ "KEY", CONFIG_CHOICE, CONFIG_PUBLIC, AT(key), "order-id", 0, 0, keys_allowed, "the key" },
	{ "ON", CONFIG_SET, CONFIG_PUBLIC, AT(on), "OrderModified", 0, 0, on_allowed, "delayed" },
	{ 0 },
};

static size_t check_topic(const void *settings, struct strbuf *problems)
{
	const struct settings *s = settings;

	if (strcmp(s->topic, "of.others") != 0)
		return 0;
	strbuf_puts(problems, "TOPIC=of.others: is not ours\n");
	return 1;
}

static const struct config_program program = {
	.name = "a-service",
	.summary = "does a thing",
	.tables = (const struct config_table[]){ { .keys = table, .check = check_topic }, { 0 } },
};

/* The environment of a test: name, value, ..., NULL. */
static const char *const *environment;

static const char *lookup(const char *name)
{
	for (size_t i = 0; environment[i]; i += 2) {
		if (strcmp(environment[i], name) == 0)
			return environment[i + 1];
	}
	return NULL;
}

static struct settings load(const char *const *env, size_t expected_bad, const char *expected_text)
{
	struct settings s = { .port = 99, .delta = 99, .key = 99, .on = 99 };
	char text[2048] = "";
	struct strbuf problems = STRBUF_ON(text);
	size_t bad;

	environment = env;
	bad = config_load(&program, lookup, &s, &problems);
	cr_expect_eq(bad, expected_bad, "%s %s: %zu bad", env[0], env[0] ? env[1] : "", bad);
	expect_text(text, expected_text);
	return s;
}

#define ENV(...) ((const char *const[]){ __VA_ARGS__ })

Test(config, defaults)
{
	struct settings s = load(ENV(NULL), 0, "");

	expect_text(s.topic, "kafka.scaling");
	expect_text(s.url, "postgresql://127.0.0.1/lab");
	expect_text(s.pairs, "");
	cr_expect_eq(s.port, 8081);
	cr_expect_eq(s.delta, -3);
	cr_expect_eq(s.key, 0);
	cr_expect_eq(s.on, 1u << 1);
}

Test(config, values)
{
	struct settings s =
		load(ENV("TOPIC", "other", "URL", "postgresql://db/x", "PAIRS", "a=b", "PORT", "0",
			 "DELTA", "-5", "KEY", "none", "ON", "OrderCancelled,OrderPlaced", NULL),
		     0, "");

	expect_text(s.topic, "other");
	expect_text(s.url, "postgresql://db/x");
	expect_text(s.pairs, "a=b");
	cr_expect_eq(s.port, 0);
	cr_expect_eq(s.delta, -5);
	cr_expect_eq(s.key, 1);
	cr_expect_eq(s.on, 1u << 0 | 1u << 2);
}

Test(config, empty_is_unset)
{
	struct settings s = load(ENV("TOPIC", "", "PORT", "", "KEY", "", "ON", "", NULL), 0, "");

	expect_text(s.topic, "kafka.scaling");
	cr_expect_eq(s.port, 8081);
	cr_expect_eq(s.key, 0);
	cr_expect_eq(s.on, 1u << 1);
}

/* Only of good values: one that is bad has no meaning yet. */
Test(config, what_no_key_tells_is_checked_behind_all_keys)
{
	(void)load(ENV("TOPIC", "of.others", NULL), 1, "TOPIC=of.others: is not ours\n");
	(void)load(ENV("TOPIC", "of.others", "DELTA", "0", NULL), 1,
		   "DELTA=0: must be a whole number from -5 to -1\n");
}

Test(config, sets)
{
	static const struct {
		const char *value;
		unsigned set;
	} cases[] = {
		{ "OrderPlaced", 1 },
		{ "OrderModified", 2 },
		{ "OrderPlaced,OrderModified,OrderCancelled", 7 },
		{ "OrderCancelled,OrderModified,OrderPlaced", 7 },
		{ "OrderPlaced,OrderPlaced", 1 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		cr_expect_eq(load(ENV("ON", cases[i].value, NULL), 0, "").on, cases[i].set, "%s",
			     cases[i].value);
}

Test(config, bad_value_names_key_value_and_what_is_allowed)
{
	static const struct {
		const char *name, *value, *problem;
	} cases[] = {
		{ "PORT", "65536", "PORT=65536: must be a whole number from 0 to 65535\n" },
		{ "PORT", "-1", "PORT=-1: must be a whole number from 0 to 65535\n" },
		{ "PORT", "80a", "PORT=80a: must be a whole number from 0 to 65535\n" },
		{ "PORT", " 80", "PORT= 80: must be a whole number from 0 to 65535\n" },
		{ "PORT", "1e3", "PORT=1e3: must be a whole number from 0 to 65535\n" },
		{ "DELTA", "0", "DELTA=0: must be a whole number from -5 to -1\n" },
		{ "DELTA", "-6", "DELTA=-6: must be a whole number from -5 to -1\n" },
		{ "KEY", "order", "KEY=order: must be one of order-id, none\n" },
		{ "KEY", "None", "KEY=None: must be one of order-id, none\n" },
		{ "KEY", "none,none", "KEY=none,none: must be one of order-id, none\n" },
		{ "ON", "OrderX",
		  "ON=OrderX: must be some of OrderPlaced, OrderModified, OrderCancelled\n" },
		{ "ON", "OrderPlaced,OrderX",
		  "ON=OrderPlaced,OrderX: must be some of OrderPlaced, OrderModified, "
		  "OrderCancelled\n" },
		{ "ON", "OrderPlaced, OrderModified",
		  "ON=OrderPlaced, OrderModified: must be some of OrderPlaced, OrderModified, "
		  "OrderCancelled\n" },
		{ "ON", "OrderPlaced,,OrderModified",
		  "ON=OrderPlaced,,OrderModified: must be some of OrderPlaced, OrderModified, "
		  "OrderCancelled\n" },
		{ "ON", ",", "ON=,: must be some of OrderPlaced, OrderModified, OrderCancelled\n" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct settings s =
			load(ENV(cases[i].name, cases[i].value, NULL), 1, cases[i].problem);

		cr_expect(s.port == 8081 || s.port == 99, "%s: port %lld", cases[i].value,
			  (long long)s.port);
	}
}

Test(config, all_bad_values_are_reported_at_once)
{
	struct settings s = load(ENV("PORT", "x", "KEY", "y", "ON", "z", "TOPIC", "fine", NULL), 3,
				 "PORT=x: must be a whole number from 0 to 65535\n"
				 "KEY=y: must be one of order-id, none\n"
				 "ON=z: must be some of OrderPlaced, OrderModified, "
				 "OrderCancelled\n");

	expect_text(s.topic, "fine");
}

/* The count tells even if the texts do not fit. */
Test(config, more_problems_than_room)
{
	struct settings s = { 0 };
	char text[16] = "";
	struct strbuf problems = STRBUF_ON(text);

	environment = ENV("PORT", "x", "KEY", "y", NULL);
	cr_expect_eq(config_load(&program, lookup, &s, &problems), 2);
	cr_expect(problems.overflow);
	cr_expect_not_null(memchr(text, '\0', sizeof(text)));
}

Test(config, print_masks_and_keeps_the_order)
{
	struct settings s = load(ENV("URL", "postgresql://u:hidden@db/lab", "PAIRS",
				     "sasl.username=hidden;sasl.password=hidden", "KEY", "none",
				     "ON", "OrderCancelled,OrderPlaced", NULL),
				 0, "");
	char text[1024] = "";
	struct strbuf out = STRBUF_ON(text);

	config_print(&program, &s, &out);
	expect_text(text, "TOPIC=kafka.scaling\n"
			  "URL=postgresql://u:***@db/lab\n"
			  "PAIRS=sasl.username=***;sasl.password=***\n"
			  "PORT=8081\n"
			  "DELTA=-3\n"
			  "KEY=none\n"
			  "ON=OrderPlaced,OrderCancelled\n");
}

Test(config, print_empty_values)
{
	struct settings s = { .topic = "", .url = "", .pairs = "", .on = 0 };
	char text[1024] = "";
	struct strbuf out = STRBUF_ON(text);

	config_print(&program, &s, &out);
	expect_text(text, "TOPIC=\nURL=\nPAIRS=\nPORT=0\nDELTA=0\nKEY=order-id\nON=\n");
}

Test(config, pairs_are_masked_value_by_value)
{
	static const struct {
		const char *pairs, *shown;
	} cases[] = {
		{ "a=hidden", "PAIRS=a=***\n" },
		{ "a=hidden;b=hidden", "PAIRS=a=***;b=***\n" },
		{ "a=hid=den;b=", "PAIRS=a=***;b=***\n" },
		{ "a=hidden;", "PAIRS=a=***;\n" },
		{ "a=hidden\nb=hidden", "PAIRS=a=***;b=***\n" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct settings s = { .topic = "", .url = "", .pairs = cases[i].pairs };
		char text[1024] = "";
		struct strbuf out = STRBUF_ON(text);

		config_print(&program, &s, &out);
		expect_part(text, cases[i].shown);
		cr_expect_null(strstr(text, "hid"), "%s", text);
		cr_expect_null(strstr(text, "den"), "%s", text);
	}
}

static const char *masked(const char *url)
{
	static char text[512];
	struct strbuf out = { .buf = text, .size = sizeof(text) };

	memset(text, '#', sizeof(text) - 1);
	config_mask_url(url, &out);
	cr_assert_not(out.overflow);
	return text;
}

Test(config, url_without_password_is_shown)
{
	static const char *const cases[] = {
		"",
		"postgresql://",
		"postgresql:///lab",
		"postgresql://127.0.0.1/lab",
		"postgresql://order_service@127.0.0.1:5432/lab?sslmode=require",
		"postgres://u@[::1]:5432/lab",
		"postgresql://[::1]:5432/lab",
		"postgresql://h1:5432,h2:5433/lab?target_session_attrs=read-write",
		"postgresql:///lab?host=/run/pg&user=u",
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		expect_text(masked(cases[i]), cases[i]);
}

Test(config, url_password_is_masked)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
		{ "postgresql://u:hidden@h/lab", "postgresql://u:***@h/lab" },
		{ "postgresql://u:hidden@h:5432/lab?sslmode=require&application_name=x",
		  "postgresql://u:***@h:5432/lab?sslmode=require&application_name=x" },
		{ "postgres://:hidden@h/lab", "postgres://:***@h/lab" },
		{ "postgresql://u:@h/lab", "postgresql://u:***@h/lab" },
		{ "postgresql://u:hidden@", "postgresql://u:***@" },
		{ "postgresql://u:hidden@/lab", "postgresql://u:***@/lab" },
		{ "postgresql://u:hidden@[::1]:5432/lab", "postgresql://u:***@[::1]:5432/lab" },
		{ "postgresql://u:hidden@h1:1,h2:2/lab", "postgresql://u:***@h1:1,h2:2/lab" },
		{ "postgresql://u:hid:den@h/lab", "postgresql://u:***@h/lab" },
		{ "postgresql://u:hid@den@h/lab", "postgresql://u:***@h/lab" },
		{ "postgresql://u:hid%40den@h/lab", "postgresql://u:***@h/lab" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		expect_text(masked(cases[i].url), cases[i].shown);
}

/* Whatever else is shown, no part of the secret is. */
Test(config, url_in_doubt_shows_no_secret)
{
	static const char *const cases[] = {
		"host=h user=u password=hidden",
		"password = 'hid den' host=h",
		"hidden",
		"u:hidden@h/lab",
		"//u:hidden@h/lab",
		"postgresql:u:hidden@h/lab",
		"postgresql://h/lab?user=u&password=hidden",
		"postgresql://u:hidden@h/lab?password=hidden",
		"postgresql://h/lab?sslpassword=hidden",
		"postgresql://h/lab?passfile=/home/hidden",
		"postgresql://u:hid/den@h/lab",
		"postgresql://u:hid?den@h/lab",
		"postgresql://u:hid#den@h/lab",
		"postgresql://u:/hidden@h/lab",
		"postgresql:///lab?host=%2Frun%2Fhidden",
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		expect_text(masked(cases[i]), "***");
}

/* An unescaped '@' and '/' in the password: what stands after the first '@' may be part of it. */
Test(config, url_with_two_doubts_shows_no_secret)
{
	static const char *const cases[] = {
		"postgresql://u:x@hid/den@h/lab",
		"postgresql://u:x@hid?den@h/lab",
		"postgresql://u:x@hid#den@h/lab",
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *shown = masked(cases[i]);

		cr_expect(!strstr(shown, "hid") && !strstr(shown, "den"), "%s is shown as %s",
			  cases[i], shown);
	}
}

/* libpq decodes the names of parameters too: this is password=hidden. */
Test(config, url_with_an_escaped_parameter_shows_no_secret)
{
	const char *shown = masked("postgresql://h/lab?pass%77ord=hidden");

	cr_expect_null(strstr(shown, "hidden"), "%s", shown);
}

Test(config, help_names_every_setting)
{
	static char text[4096];
	struct strbuf out = STRBUF_ON(text);

	config_help(&program, &out);
	cr_expect_not(out.overflow);
	expect_part(text, "a-service");
	expect_part(text, "does a thing");
	for (size_t i = 0; table[i].name; i++) {
		expect_part(text, table[i].name);
		expect_part(text, table[i].help);
		expect_part(text, table[i].fallback);
	}
	expect_part(text, "default: (empty)");
	expect_part(text, "default: 8081; 0 to 65535");
	expect_part(text, "default: order-id; one of: order-id none");
	expect_part(text, "some of: OrderPlaced OrderModified OrderCancelled");
	expect_part(text, "until SIGTERM");
	expect_part(text, "0 stopped by a signal");
}

Test(config, help_of_a_program_that_is_no_service)
{
	static char text[4096];
	struct strbuf out = STRBUF_ON(text);
	struct config_program tool = program;

	tool.flags = "--json";
	tool.manner = "Does it once.";
	tool.exit_status = "0 done.";
	config_help(&tool, &out);
	expect_part(text, "|--print-config|--json]");
	expect_part(text, "Does it once. Settings come");
	expect_part(text, "Exit status: 0 done.");
	cr_expect_null(strstr(text, "signal"), "%s", text);
}

/* --- several tables ------------------------------------------------------------------------ */

struct outer {
	int64_t delta;
	struct settings inner;
};

static const struct config_key outer_keys[] = {
	{ "OUTER", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct outer, delta), "7", 0, 9, NULL,
	  "of the program itself" },
	{ 0 },
};

static const struct config_program composed = {
	.name = "a-program",
	.summary = "does two things",
	.tables =
		(const struct config_table[]){
			{ .keys = table,
			  .offset = offsetof(struct outer, inner),
			  .title = "Shared" },
			{ .keys = outer_keys, .title = "Its own" },
			{ 0 },
		},
	.defaults =
		(const struct config_default[]){
			{ "PORT", "8082" },
			{ "TOPIC", "other" },
			{ 0 },
		},
};

Test(config, tables_compose)
{
	struct outer o = { 0 };
	char text[1024] = "", shown[1024] = "";
	struct strbuf problems = STRBUF_ON(text), out = STRBUF_ON(shown);

	environment = ENV("OUTER", "8", "DELTA", "-2", NULL);
	cr_expect_eq(config_load(&composed, lookup, &o, &problems), 0, "%s", text);
	cr_expect_eq(o.delta, 8);
	cr_expect_eq(o.inner.delta, -2);
	cr_expect_eq(o.inner.port, 8082, "the program's default, not the table's");
	expect_text(o.inner.topic, "other");
	config_print(&composed, &o, &out);
	expect_text(shown, "TOPIC=other\nURL=postgresql://127.0.0.1/lab\nPAIRS=\nPORT=8082\n"
			   "DELTA=-2\nKEY=order-id\nON=OrderModified\nOUTER=8\n");
}

Test(config, a_setting_wins_over_the_programs_default)
{
	struct outer o = { 0 };
	char text[1024] = "";
	struct strbuf problems = STRBUF_ON(text);

	environment = ENV("PORT", "9000", "TOPIC", "", NULL);
	cr_expect_eq(config_load(&composed, lookup, &o, &problems), 0, "%s", text);
	cr_expect_eq(o.inner.port, 9000);
	expect_text(o.inner.topic, "other");
}

Test(config, problems_of_every_table_are_told)
{
	struct outer o = { 0 };
	char text[1024] = "";
	struct strbuf problems = STRBUF_ON(text);

	environment = ENV("PORT", "x", "OUTER", "10", NULL);
	cr_expect_eq(config_load(&composed, lookup, &o, &problems), 2, "%s", text);
	expect_part(text, "PORT=x: must be");
	expect_part(text, "OUTER=10: must be a whole number from 0 to 9");
}

Test(config, help_groups_by_table)
{
	static char text[4096];
	struct strbuf out = STRBUF_ON(text);

	config_help(&composed, &out);
	cr_expect_not(out.overflow);
	expect_part(text, "\n\nShared:\n  TOPIC ");
	expect_part(text, "\n\nIts own:\n  OUTER ");
	expect_part(text, "default: 8082; 0 to 65535");
}
