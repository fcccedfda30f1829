/*
 * verify-history: the history checker. Waits until the stack is drained, reads the topic from its
 * beginning and the tables of both services, and says whether anything was lost, duplicated or out
 * of order. It only reads, in a snapshot and without a consumer group.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/event/contract.h"
#include "common/runtime/log.h"
#include "common/runtime/process.h"
#include "tools/verify-history/drained.h"
#include "tools/verify-history/read_acks.h"
#include "tools/verify-history/read_topic.h"
#include "tools/verify-history/report.h"

#define EXIT_CLEAN      0
#define EXIT_VIOLATIONS 1
#define EXIT_TROUBLE    2
#define EXIT_NOT_WHOLE  3

struct config {
	const char *kafka_bootstrap_servers;
	const char *kafka_topic;
	const char *kafka_conf;
	const char *database_url;
	const char *acks;
	int64_t wait_s;
};

static const struct config_key keys[] = {
	{ "KAFKA_BOOTSTRAP_SERVERS", CONFIG_TEXT, CONFIG_PUBLIC,
	  offsetof(struct config, kafka_bootstrap_servers), "127.0.0.1:9092", 0, 0, NULL,
	  "Kafka brokers, host:port, comma separated" },
	{ "KAFKA_TOPIC", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, kafka_topic),
	  "kafka.scaling", 0, 0, NULL, "topic that carries the events" },
	{ "KAFKA_CONF", CONFIG_TEXT, CONFIG_SECRET_PAIRS, offsetof(struct config, kafka_conf), "",
	  0, 0, NULL, "librdkafka properties, name=value;name=value (TLS, SASL, tuning)" },
	{ "DATABASE_URL", CONFIG_TEXT, CONFIG_SECRET_URL, offsetof(struct config, database_url),
	  "postgresql://lab@127.0.0.1:15432/lab", 0, 0, NULL,
	  "PostgreSQL, as the owner of both schemas; the password is better kept in PGPASSFILE" },
	{ "ACKS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, acks), "", 0, 0, NULL,
	  "file of what clients were promised: <wall_ms> <POST|PATCH|DELETE> <order_id> <version> "
	  "a line, version 0: unknown" },
	{ "WAIT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, wait_s), "60", 0, 86400, NULL,
	  "seconds to wait until all is drained" },
	{ 0 },
};

static const struct config_program program = {
	.name = "verify-history",
	.summary = "was anything lost, duplicated or out of order?",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.flags = "--json",
	.manner = "Reads and judges the history of the stack, once; --json: as one JSON object.",
	.exit_status = "0 clean, 1 violations, 2 bad settings, or something cannot be read,\n"
		       "3 no violation in what is left of a topic whose beginning is gone.",
};

static struct kafka_settings kafka_settings(const struct config *config, const char *topic)
{
	return (struct kafka_settings){ .bootstrap_servers = config->kafka_bootstrap_servers,
					.topic = topic,
					.extra = config->kafka_conf,
					.client_id = "verify-history" };
}

/* Effects first: see history.h. */
static enum status read_all(const struct config *config, struct read_tables *tables,
			    struct kafka_topic *topic, struct kafka_topic *dead_letters,
			    struct history *h, struct error *err)
{
	if (read_tables_all(tables, config->kafka_topic, h, err) != ST_OK ||
	    read_events(topic, h, err) != ST_OK ||
	    read_dead_letters(dead_letters, config->kafka_topic, h, err) != ST_OK ||
	    (config->acks[0] && read_acks(config->acks, h, err) != ST_OK))
		return err->status;
	return ST_OK;
}

static enum status report_all(const struct report *report, bool json, struct error *err)
{
	if (!json)
		report_text(report);
	else if (!report_json(report))
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	return fflush(stdout) == 0 ? ST_OK : error_set(err, ST_INTERNAL, "cannot write to stdout");
}

/* As exit status. */
static int verdict_of(const struct report *report)
{
	if (report->judgement->total > 0)
		return EXIT_VIOLATIONS;
	return report_is_whole(report) ? EXIT_CLEAN : EXIT_NOT_WHOLE;
}

static enum status check(const struct config *config, struct read_tables *tables,
			 struct kafka_topic *topic, struct kafka_topic *dead_letters, bool json,
			 int *verdict, struct error *err)
{
	struct history h = { 0 };
	struct judgement judgement = { 0 };
	struct report report = { .history = &h,
				 .judgement = &judgement,
				 .topic = config->kafka_topic };
	enum status st = drained_wait(tables, topic, config->wait_s * 1000, &report.drained,
				      &report.waited_ms, err);

	if (st == ST_OK)
		st = read_all(config, tables, topic, dead_letters, &h, err);
	if (st == ST_OK)
		st = judge_history(&h, &judgement, err);
	if (st == ST_OK)
		st = report_all(&report, json, err);
	*verdict = verdict_of(&report);
	history_fini(&h);
	return st;
}

static enum status run(const struct config *config, bool json, int *verdict, struct error *err)
{
	const struct kafka_settings events = kafka_settings(config, config->kafka_topic);
	const struct kafka_settings letters = kafka_settings(config, CONTRACT_DEAD_LETTER_TOPIC);
	struct read_tables *tables = NULL;
	struct kafka_topic *topic = NULL, *dead_letters = NULL;
	enum status st = read_tables_open(&tables, config->database_url, err);

	if (st == ST_OK)
		st = kafka_topic_open(&topic, &events, KAFKA_READ_COMMITTED, err);
	if (st == ST_OK)
		st = kafka_topic_open(&dead_letters, &letters, KAFKA_READ_COMMITTED, err);
	if (st == ST_OK)
		st = check(config, tables, topic, dead_letters, json, verdict, err);
	kafka_topic_close(dead_letters);
	kafka_topic_close(topic);
	read_tables_close(tables);
	return st;
}

int main(int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	int verdict = EXIT_TROUBLE;
	struct config config = { 0 };
	struct error err = { 0 };
	int done;

	process_prepare();
	done = config_main(&program, json ? 1 : argc, argv, &config);
	if (done >= 0)
		return done;
	/* librdkafka tells what it mends itself; what it cannot mend is in err. */
	log_set_level(LOG_ERROR);
	if (run(&config, json, &verdict, &err) == ST_OK)
		return verdict;
	(void)fprintf(stderr, "verify: %s%s\n", err.msg,
		      err.status == ST_UNAVAILABLE ? " (is the stack up? make up)" : "");
	return EXIT_TROUBLE;
}
