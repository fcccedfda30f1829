#include "tests/support/relay_driver.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"

struct relay *relay_driver_open(const char *instance, const char *url, const char *extra,
				const char *state_topic)
{
	const struct relay_config config = {
		.database_url = url ? url : stack_database_url("order_service", fixture.database),
		.schema = "orders",
		.instance = instance,
		.kafka = { .bootstrap_servers = stack_kafka(),
			   .topic = fixture.topic,
			   .extra = extra,
			   .client_id = instance },
		.keyed = true,
		.state_topic = state_topic,
	};
	struct relay *relay = NULL;
	struct error err;

	cr_assert_eq(relay_open(&relay, &config, &err), ST_OK, "%s", err.msg);
	return relay;
}

void relay_driver_add(const char *topic, const char *key, const char *type)
{
	sql_run("insert into orders.outbox (topic, key, type, payload) "
		"values ('%s', '%s', '%s', '{\"id\":1}')",
		topic, key, type);
}

int relay_driver_metric(struct relay *relay, const char *name)
{
	static char text[16384];
	struct metrics_out out = { .text = STRBUF_ON(text) };
	const char *line;
	int value = -1;

	text[0] = '\0';
	relay_metrics(relay, &out);
	line = strstr(text, arena_format("\n%s ", name));
	if (line)
		(void)sscanf(line + strlen(name) + 2, "%d", &value);
	return value;
}

bool relay_driver_stands_still(struct relay *relay, const char *why)
{
	char text[400] = "";
	struct strbuf out = STRBUF_ON(text);

	return progress_stands_still(relay_progress(relay), &out) && strstr(text, why);
}
