/* Any text as what tells how to reach a server: the database's URL, KAFKA_CONF. Whatever a user
 * sets, the properties that the code relies on are as it needs them, or the text is refused. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_fixed.h"
#include "common/pg/pg_config.h"
#include "tests/fuzz/fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const pairs[] = { "group.id",
				     "fuzz",
				     "enable.auto.offset.store",
				     "false",
				     "partition.assignment.strategy",
				     "cooperative-sticky",
				     "enable.partition.eof",
				     "true",
				     NULL };

static void expect_as_set(const rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char now[64];
	size_t size = sizeof(now);

	assert(rd_kafka_conf_get(conf, name, now, &size) == RD_KAFKA_CONF_OK);
	assert(strcmp(now, value) == 0);
}

static void as_properties(const char *text)
{
	const struct kafka_settings settings = { .bootstrap_servers = "127.0.0.1:9092",
						 .client_id = "fuzz",
						 .extra = text };
	struct error err = { 0 };
	rd_kafka_conf_t *conf;

	if (strstr(text, "plugin")) /* it would load any file as a library */
		return;
	if (kafka_conf(&conf, &settings, pairs, kafka_fixed_consumer, &err) != ST_OK) {
		assert(err.status == ST_INVALID && err.msg[0]);
		return;
	}
	for (size_t i = 2; pairs[i]; i += 2)
		expect_as_set(conf, pairs[i], pairs[i + 1]);
	rd_kafka_conf_destroy(conf);
}

static void as_url(const char *text)
{
	static const struct pg_statement *const none[] = { NULL };
	const struct pg_config config = { .url = text, .application = "fuzz", .tables = none };
	struct pg_url url = { 0 };
	struct error err = { 0 };

	if (pg_config_url(&config, &url, &err) != ST_OK) {
		assert(err.status == ST_INVALID && err.msg[0]);
		return;
	}
	assert(memchr(url.application, '\0', sizeof(url.application)));
	assert(strstr(url.application, "fuzz"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	as_properties(text);
	as_url(text);
	free(text);
	return 0;
}
