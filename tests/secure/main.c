/*
 * Starts a stack with SECURE=1 and expects: plain text, other authorities' certificates, and wrong
 * tokens are refused; everybody may do what kafka/acls.txt and the identities say, and no more;
 * orders go their way, also while the CA is exchanged; no secret shows. make test-secure runs it
 * with stack/temporary_stack.sh, which stops the stack however this ends.
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/kafka/kafka_conf.h"
#include "common/runtime/command.h"
#include "tests/secure/secure.h"
#include "tests/support/arena.h"
#include "tests/support/wait.h"

#define STACK_MS 180000

#define AT(member) offsetof(struct secure, member)

static const struct config_key keys[] = {
	{ "RUN_DIR", CONFIG_TEXT, CONFIG_PUBLIC, AT(run_dir), "", 0, 0, NULL,
	  "folder of the temporary stack" },
	{ "BUILD_DIR", CONFIG_TEXT, CONFIG_PUBLIC, AT(build_dir), "build", 0, 0, NULL,
	  "where the services are" },
	{ "KAFKA_BOOTSTRAP_SERVERS", CONFIG_TEXT, CONFIG_PUBLIC, AT(kafka), "127.0.0.1:9092", 0, 0,
	  NULL, "Kafka brokers, host:port, comma separated" },
	{ "KAFKA_TOPIC", CONFIG_TEXT, CONFIG_PUBLIC, AT(topic), "kafka.scaling", 0, 0, NULL,
	  "the topic" },
	{ "ORDER_PORT", CONFIG_INT, CONFIG_PUBLIC, AT(order_port), "8081", 1, 65535, NULL,
	  "order-service" },
	{ "DELIVERY_PORT", CONFIG_INT, CONFIG_PUBLIC, AT(delivery_port), "8082", 1, 65535, NULL,
	  "delivery-service" },
	{ "PAGE_PORT", CONFIG_INT, CONFIG_PUBLIC, AT(page_port), "8080", 1, 65535, NULL,
	  "the live page" },
	{ "PG_PORT", CONFIG_INT, CONFIG_PUBLIC, AT(pg_port), "15432", 1, 65535, NULL,
	  "PostgreSQL" },
	{ 0 },
};

static const struct config_program program = {
	.name = "secure",
	.summary = "expects that a stack with SECURE=1 is closed, and open to who may",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.manner = "Runs as make test-secure does it, once.",
	.exit_status =
		"0 all is as expected, 1 something is not, or it could not run, 2 bad settings.",
};

void secure_expect(struct secure *secure, bool good, const char *fmt, ...)
{
	va_list ap;

	secure->expected++;
	secure->failed += !good;
	(void)fputs(good ? "as expected: " : "NOT SO: ", stdout);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)putchar('\n');
	(void)fflush(stdout);
}

const char *secure_path(const struct secure *secure, const char *name)
{
	return arena_format("%s/%s", secure->run_dir, name);
}

const char *secure_setting(const struct secure *secure, const char *name_of, const char *name)
{
	const char *value = "", *path = secure_path(secure, arena_format("secure/%s.env", name_of));
	char line[4096];
	FILE *file = fopen(path, "re");
	size_t len = strlen(name);

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, name, len) == 0 && line[len] == '=')
			value = arena_format("%s", line + len + 1);
	}
	if (file)
		(void)fclose(file);
	return value;
}

rd_kafka_t *secure_client(const struct secure *secure, const char *properties, const char *group)
{
	const char *const pairs[] = { "log_level", "0", group ? "group.id" : NULL, group, NULL };
	static const struct kafka_fixed nothing[] = { { 0 } };
	const struct kafka_settings settings = { .bootstrap_servers = secure->kafka,
						 .topic = secure->topic,
						 .client_id = "secure",
						 .extra = properties };
	rd_kafka_conf_t *conf = NULL;
	rd_kafka_t *client = NULL;
	struct error err;

	if (kafka_conf(&conf, &settings, pairs, nothing, &err) == ST_OK && !group)
		rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
	if (!conf || kafka_conf_client(&client, group ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf,
				       &err) != ST_OK) {
		(void)fprintf(stderr, "secure: %s\n", err.msg);
		exit(1);
	}
	return client;
}

static bool start(const struct secure *secure)
{
	/* No log: up says the page's address, with its token, to who types it. */
	const char *const log = secure_path(secure, "up.txt");
	const struct command up = { .arguments = { "stack/stack.sh", "up" },
				    .output_path = log,
				    .timeout_ms = wait_stretch(STACK_MS) };
	/* Another CA, and certificates of the same names. */
	const struct command other = {
		.arguments = { "env", "-u", "MAKEFLAGS", "make", "-s", "-C",
			       secure_path(secure, "other"), "-f",
			       arena_format("%s/stack/secure/Makefile", getenv("PWD")), "SECURE=1",
			       arena_format("KAFKA_DIR=%s/kafka", getenv("PWD")) },
		.output_path = log,
		.timeout_ms = wait_stretch(STACK_MS)
	};
	const struct command folder = { .arguments = { "mkdir", "-p",
						       secure_path(secure, "other") },
					.timeout_ms = wait_stretch(STACK_MS) };

	(void)close(open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	return command_run(&up) == 0 && command_run(&folder) == 0 && command_run(&other) == 0;
}

int main(int argc, char **argv)
{
	struct secure secure = { .failed = 0 };
	int done = config_main(&program, argc, argv, &secure);

	if (done >= 0)
		return done;
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	if (start(&secure)) {
		orders_expect(&secure);
		doors_expect(&secure);
		rotation_expect(&secure);
		rights_expect(&secure);
		secrets_expect(&secure);
		(void)printf("%d of %d as expected\n", secure.expected - secure.failed,
			     secure.expected);
	} else {
		secure_expect(&secure, false, "a stack with SECURE=1: see %s",
			      secure_path(&secure, "up.txt"));
	}
	curl_global_cleanup();
	arena_release();
	return secure.failed > 0;
}
