/*
 * demo: the ordering lab on a terminal, from nothing to its verdict; and what make topic, make
 * produce and make status show. In English and in Korean.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/runtime/log.h"
#include "common/runtime/process.h"
#include "common/runtime/stop.h"
#include "common/service/http_caller.h"
#include "tools/demo/number.h"
#include "tools/demo/play.h"
#include "tools/demo/produce.h"
#include "tools/demo/saying.h"
#include "tools/demo/status.h"
#include "tools/demo/topic_view.h"
#include "tools/demo/wrap.h"

#define EXIT_INTERRUPTED 130
#define DELAY_MIN_MS     200 /* the calls take their time, too */

enum action { ACTION_DEMO, ACTION_TOPIC, ACTION_STATUS, ACTION_SAY, ACTION_PRODUCE };
static const char *const actions[] = { "demo", "topic", "status", "say", "produce", NULL };

enum language { LANGUAGE_LOCALE, LANGUAGE_EN, LANGUAGE_KO };
static const char *const languages[] = { "locale", "en", "ko", NULL };

enum pace { PACE_RUN, PACE_ENTER };
static const char *const paces[] = { "run", "enter", NULL };

struct config {
	int action, language, pace;
	const char *servers, *topic, *kafka_conf, *run_dir, *say, *key, *headers;
	int64_t delay_ms, rounds, raw, follow, brokers, partition;
	int64_t order_port, delivery_port, pg_port, kafka_port, page_port;
	struct http_caller caller; /* to be checked: each call takes it from the environment */
};

#define CHOICE(name, member, fallback, choices, help)                                              \
	{                                                                                          \
		name, CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, member), fallback, 0,  \
			0, choices, help                                                           \
	}
#define TEXT(name, member, fallback, help)                                                         \
	{                                                                                          \
		name, CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, member), fallback, 0, 0, \
			NULL, help                                                                 \
	}
#define INT(name, member, fallback, min, max, help)                                                \
	{                                                                                          \
		name, CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, member), fallback, min,   \
			max, NULL, help                                                            \
	}
#define PORT(name, member, fallback) INT(name, member, fallback, 1, 65535, "port of the stack")

static const struct config_key keys[] = {
	CHOICE("ACTION", action, "demo", actions,
	       "play the lab, show the topic or what runs, say a text, or send lines to the topic"),
	CHOICE("LAB_LANG", language, "locale", languages, "language"),
	CHOICE("PACE", pace, "run", paces, "demo: enter waits for Enter and asks for predictions"),
	INT("DELIVERY_DELAY_MS", delay_ms, "10000", 0, 3600000,
	    "demo: work on an OrderModified, at least 200"),
	INT("ROUNDS", rounds, "1", 1, 1000,
	    "demo: how often each scenario is played, with a new order each time"),
	TEXT("SAY", say, "", "say: key of the text, then NAME=VALUE a line"),
	INT("RAW", raw, "0", 0, 1,
	    "topic: 1 shows the messages as they are; produce: 1 sends each line as it is"),
	TEXT("KEY", key, "", "produce: key of all messages, instead of key:value on each line"),
	TEXT("HEADERS", headers, "",
	     "produce: name=value;name=value, instead of those of the lab's events"),
	INT("PARTITION", partition, "-1", -1, 999,
	    "produce: of all messages, instead of their keys'"),
	INT("FOLLOW", follow, "1", 0, 1, "topic: 0 ends after what is there"),
	TEXT("KAFKA_BOOTSTRAP_SERVERS", servers, "127.0.0.1:9092",
	     "Kafka brokers, host:port, comma separated"),
	TEXT("KAFKA_TOPIC", topic, "kafka.scaling", "topic that carries the events"),
	{ "KAFKA_CONF", CONFIG_TEXT, CONFIG_SECRET_PAIRS, offsetof(struct config, kafka_conf), "",
	  0, 0, NULL, "librdkafka properties, name=value;name=value (TLS, SASL, tuning)" },
	TEXT("RUN_DIR", run_dir, ".run", "folder of the stack"),
	INT("BROKERS", brokers, "1", 1, 3, "status: how many the stack has"),
	PORT("ORDER_PORT", order_port, "8081"),
	PORT("DELIVERY_PORT", delivery_port, "8082"),
	PORT("PG_PORT", pg_port, "15432"),
	PORT("KAFKA_PORT", kafka_port, "9092"),
	PORT("PAGE_PORT", page_port, "8080"),
	{ 0 },
};

static const struct config_program program = {
	.name = "demo",
	.summary = "plays the ordering lab on a terminal, and shows what its stack does",
	.tables =
		(const struct config_table[]){ { .keys = keys },
					       { http_caller_keys, offsetof(struct config, caller),
						 "Calls to the services", http_caller_check },
					       { 0 } },
	.manner = "Runs once and ends. make demo starts it on a temporary stack.",
	.exit_status = "0 the lab is reproduced, or shown; 1 not so; 2 bad settings; 130 stopped.",
};

static void *wait_for_stop(void *stopped)
{
	(void)stop_wait(STOP_WAIT_FOREVER);
	atomic_store((atomic_bool *)stopped, true);
	return NULL;
}

static struct kafka_settings kafka_of(const struct config *config)
{
	return (struct kafka_settings){ .bootstrap_servers = config->servers,
					.topic = config->topic,
					.extra = config->kafka_conf,
					.client_id = program.name };
}

static const char *database_url(const struct config *config, char url[64])
{
	(void)snprintf(url, 64, "postgresql://lab@127.0.0.1:%d/lab", (int)config->pg_port);
	return url;
}

/* --- the actions --------------------------------------------------------------------------- */

/* What the settings cannot tell by themselves. */
static enum status check_demo(const struct config *config, const struct catalogue *texts,
			      struct error *err)
{
	if (config->pace == PACE_ENTER && !isatty(STDIN_FILENO))
		return error_set(err, ST_INVALID, "%s", catalogue_text(texts, "demo.no.terminal"));
	if (config->delay_ms < DELAY_MIN_MS)
		return error_set(err, ST_INVALID, "DELIVERY_DELAY_MS=%d: must be %d to 3600000",
				 (int)config->delay_ms, DELAY_MIN_MS);
	return ST_OK;
}

static enum status play(struct lab *lab, const struct config *config, bool *good, struct error *err)
{
	char delay[NUMBER_SIZE];
	enum status st;

	if (check_demo(config, lab->texts, err) != ST_OK)
		return err->status;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* whatever ends the shell that started us */
	(void)setenv("DELIVERY_DELAY_MS", number_text(delay, config->delay_ms), 1);
	st = play_lab(lab, good, err);
	play_end(lab);
	return st;
}

static enum status run(struct lab *lab, const struct config *config, bool *good, struct error *err)
{
	char url[64];
	const struct status_config status = {
		.kafka = kafka_of(config),
		.database_url = database_url(config, url),
		.run_dir = config->run_dir,
		.pg_port = (int)config->pg_port,
		.kafka_port = (int)config->kafka_port,
		.order_port = (int)config->order_port,
		.delivery_port = (int)config->delivery_port,
		.page_port = (int)config->page_port,
		.brokers = (int)config->brokers,
	};

	const struct produce_config lines = { .kafka = status.kafka,
					      .key = config->key,
					      .headers = config->headers,
					      .partition = config->partition,
					      .raw = config->raw == 1 };

	*good = true;
	if (config->action == ACTION_SAY)
		return saying_print(lab->texts, config->say, stdout, err);
	if (config->action == ACTION_STATUS)
		return status_show(&lab->screen, &status, err);
	if (config->action == ACTION_TOPIC)
		return topic_view_show(&lab->screen, &status.kafka, config->raw == 1,
				       config->follow == 1, &lab->stopped, err);
	if (config->action == ACTION_PRODUCE)
		return produce_lines(&lab->screen, &lines, &lab->stopped, good, err);
	*good = false;
	return play(lab, config, good, err);
}

/* --- main ---------------------------------------------------------------------------------- */

static struct catalogue *open_texts(const struct config *config)
{
	enum catalogue_language language = catalogue_of_locale(
		getenv("LAB_LOCALE"), getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"));

	if (config->language != LANGUAGE_LOCALE)
		language = config->language == LANGUAGE_KO ? CATALOGUE_KO : CATALOGUE_EN;
	return catalogue_open(language);
}

static int serve(struct lab *lab, const struct config *config)
{
	struct error err = { 0 };
	pthread_t waiter;
	bool good = false;
	enum status st;

	if (pthread_create(&waiter, NULL, wait_for_stop, &lab->stopped) != 0)
		return 1;
	(void)pthread_detach(waiter);
	st = run(lab, config, &good, &err);
	if (atomic_load(&lab->stopped))
		return EXIT_INTERRUPTED;
	if (fflush(stdout) != 0 && st == ST_OK)
		st = error_set(&err, ST_UNAVAILABLE, "the output could not be written");
	if (st == ST_OK)
		return good ? 0 : 1;
	(void)fprintf(stderr, "%s: %s\n", program.name, err.msg);
	return st == ST_INVALID ? 2 : 1;
}

static int work(const struct config *config)
{
	static struct lab lab; /* the waiter's thread looks at it until the process ends */
	struct catalogue *texts = open_texts(config);
	char url[64];
	const struct lab_config lab_config = {
		.kafka = kafka_of(config),
		.database_url = database_url(config, url),
		.run_dir = config->run_dir,
		.order_port = (int)config->order_port,
		.delivery_port = (int)config->delivery_port,
		.pg_port = (int)config->pg_port,
		.kafka_port = (int)config->kafka_port,
		.delay_ms = config->delay_ms,
		.rounds = config->rounds,
		.enter = config->pace == PACE_ENTER,
	};
	int done = 1;

	if (!texts)
		return done;
	lab_init(&lab, &lab_config, texts);
	done = serve(&lab, config);
	lab_fini(&lab);
	catalogue_close(texts);
	return done;
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	int done;

	process_prepare();
	done = config_main(&program, argc, argv, &config);
	if (done >= 0)
		return done;
	stop_block_signals();
	wrap_prepare();
	log_set_level(LOG_ERROR); /* librdkafka's messages: ours says what to do */
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	return work(&config);
}
