/*
 * dead-letters: shows what could not be applied or published, and sends it again. It runs beside
 * the services and writes nothing but what was asked for.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/runtime/log.h"
#include "common/runtime/process.h"
#include "tools/dead-letters/letters.h"
#include "tools/dead-letters/list.h"
#include "tools/dead-letters/outbox_dead.h"
#include "tools/dead-letters/replay.h"

enum action { ACTION_LIST, ACTION_REPLAY };
static const char *const actions[] = { "list", "replay", NULL };

enum outbox { OUTBOX_NONE };
static const char *const outboxes[] = { "none", "orders", "delivery", NULL };

struct config {
	int action;
	const char *letter;
	int outbox;
	const char *topic;
	const char *only_topic;
	const char *kafka_bootstrap_servers;
	const char *kafka_conf;
	const char *database_url;
};

static const struct config_key keys[] = {
	{ "ACTION", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, action), "list", 0, 0,
	  actions, "show the dead letters, or send them back" },
	{ "LETTER", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, letter), "", 0, 0, NULL,
	  "one letter: 5, or partition:offset (empty: all)" },
	{ "OUTBOX", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, outbox), "none", 0, 0,
	  outboxes, "replay: put back the events of this outbox instead" },
	{ "TOPIC", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, topic), "", 0, 0, NULL,
	  "replay: where letters go that do not say where they came from" },
	{ "ONLY_TOPIC", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, only_topic), "", 0, 0,
	  NULL, "only letters that came from this topic, with a position of their own" },
	{ "KAFKA_BOOTSTRAP_SERVERS", CONFIG_TEXT, CONFIG_PUBLIC,
	  offsetof(struct config, kafka_bootstrap_servers), "127.0.0.1:9092", 0, 0, NULL,
	  "Kafka brokers, host:port, comma separated" },
	{ "KAFKA_CONF", CONFIG_TEXT, CONFIG_SECRET_PAIRS, offsetof(struct config, kafka_conf), "",
	  0, 0, NULL, "librdkafka properties, name=value;name=value (TLS, SASL, tuning)" },
	{ "DATABASE_URL", CONFIG_TEXT, CONFIG_SECRET_URL, offsetof(struct config, database_url),
	  "postgresql://lab@127.0.0.1:15432/lab", 0, 0, NULL,
	  "PostgreSQL, as the owner; the password is better kept in PGPASSFILE" },
	{ 0 },
};

static const struct config_program program = {
	.name = "dead-letters",
	.summary = "shows dead letters and refused events, and sends them again",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.manner = "Runs once and ends.",
	.exit_status = "0 done, 1 not done (stderr says why), 2 bad settings.",
};

/* What no single setting tells. number: of LETTER, if given. */
static enum status check(const struct config *config, struct letter_number *number,
			 struct error *err)
{
	if (config->letter[0] && !letter_parse_number(config->letter, number))
		return error_set(err, ST_INVALID,
				 "LETTER=%.60s: must be a number that make dead-letters lists, 5 "
				 "or 0:5",
				 config->letter);
	if (config->outbox != OUTBOX_NONE && config->action != ACTION_REPLAY)
		return error_set(err, ST_INVALID, "OUTBOX=%s: is for make replay",
				 outboxes[config->outbox]);
	if (config->outbox != OUTBOX_NONE && config->letter[0])
		return error_set(err, ST_INVALID,
				 "LETTER and OUTBOX: a letter is in no outbox, give one of them");
	if (strlen(config->topic) > TOPIC_NAME_MAX || strlen(config->only_topic) > TOPIC_NAME_MAX)
		return error_set(err, ST_INVALID, "TOPIC, ONLY_TOPIC: at most %d characters",
				 TOPIC_NAME_MAX);
	return ST_OK;
}

static enum status list(const struct config *config, struct letters *l,
			const struct letter_number *number, struct error *err)
{
	if (config->letter[0])
		return list_one(l, number, err);
	if (list_all(l, err) != ST_OK)
		return err->status;
	(void)puts("");
	return outbox_dead_list(config->database_url, err);
}

static enum status replay(const struct config *config, const struct kafka_settings *kafka,
			  struct letters *l, const struct letter_number *number, struct error *err)
{
	struct replay *r = NULL;
	enum status st = replay_open(&r, kafka, l, config->topic, err);

	if (st == ST_OK)
		st = config->letter[0] ? replay_one(r, number, err) : replay_all(r, err);
	replay_close(r);
	return st;
}

static enum status run(const struct config *config, struct error *err)
{
	const struct kafka_settings kafka = { .bootstrap_servers = config->kafka_bootstrap_servers,
					      .topic = config->only_topic,
					      .extra = config->kafka_conf,
					      .client_id = program.name };
	struct letter_number number = { 0 };
	struct letters *l = NULL;
	enum status st = check(config, &number, err);

	if (st != ST_OK)
		return st;
	if (config->outbox != OUTBOX_NONE)
		return outbox_dead_put_back(config->database_url, outboxes[config->outbox], err);
	st = letters_open(&l, &kafka, err);
	if (st == ST_OK && config->action == ACTION_LIST)
		st = list(config, l, &number, err);
	else if (st == ST_OK)
		st = replay(config, &kafka, l, &number, err);
	letters_close(l);
	return st;
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct error err = { 0 };
	int done;
	enum status st;

	process_prepare();
	done = config_main(&program, argc, argv, &config);
	if (done >= 0)
		return done;
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* a replay shows how far it is */
	log_set_level(LOG_ERROR);               /* librdkafka's messages: ours says what to do */
	st = run(&config, &err);
	if (fflush(stdout) != 0 && st == ST_OK)
		st = error_set(&err, ST_UNAVAILABLE, "the output could not be written");
	if (st == ST_OK)
		return 0;
	(void)fprintf(stderr, "%s: %s\n", program.name, err.msg);
	return st == ST_INVALID ? 2 : 1;
}
