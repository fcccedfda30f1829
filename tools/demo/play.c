#include "tools/demo/play.h"

#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "common/runtime/command.h"
#include "tools/demo/call.h"
#include "tools/demo/event_line.h"
#include "tools/demo/lab_tables.h"
#include "tools/demo/number.h"
#include "tools/demo/order.h"
#include "tools/demo/pace.h"
#include "tools/demo/port.h"
#include "tools/demo/scenario.h"

#define LOOK_MS          200
#define STOP_MS          120000
#define KNOWN_MS         10000 /* producers look for partitions every second */
#define COMMAND(...)     ((const char *const[]){ __VA_ARGS__, NULL })
#define SCENARIO_COUNT   3
#define ONE_PARTITION    "\ndelivery_partitions 1\n"
#define PARTITION_IS_NEW "partition count changed from 1 to 2"

static const struct scenario scenarios[SCENARIO_COUNT] = {
	{ "demo.scenario.1", "lab.1.why", REPORT_KEPT },
	{ "demo.scenario.2", "lab.2.why", REPORT_LOST },
	{ "demo.scenario.3", "lab.3.why", REPORT_KEPT },
};

static void heading(struct lab *lab, int step, const char *key)
{
	char line[256] = "";
	struct strbuf sb = STRBUF_ON(line);

	strbuf_printf(&sb, "%d. %s", step, catalogue_text(lab->texts, key));
	screen_heading(&lab->screen, line);
}

/* --- the start ----------------------------------------------------------------------------- */

struct starting {
	struct lab *lab;
	int64_t next_mono_ms;
	bool database, broker;
};

static void tell_port(struct lab *lab, const char *key, int port, bool *told)
{
	if (*told || !port_open(port))
		return;
	*told = true;
	screen_progress(&lab->screen, key, "port", NUMBER(port), NULL);
}

/* What is up already. */
static void watch_start(void *context)
{
	struct starting *start = context;
	const struct lab_config *config = start->lab->config;

	if (clock_mono_ms() < start->next_mono_ms)
		return;
	start->next_mono_ms = clock_mono_ms() + LOOK_MS;
	tell_port(start->lab, "demo.database.up", config->pg_port, &start->database);
	tell_port(start->lab, "demo.broker.up", config->kafka_port, &start->broker);
}

static void say_settings(struct lab *lab)
{
	static const char *const names[] = { "SEQUENCING", "PROCESSING_ORDER", "MAX_CONCURRENCY",
					     "DELIVERY_DELAY_ON", "DELIVERY_WORK" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			screen_say(&lab->screen, STYLE_PLAIN, "demo.setting", "name", names[i],
				   "value", value, NULL);
	}
}

static enum status start(struct lab *lab, struct error *err)
{
	struct starting starting = { .lab = lab };

	(void)setenv("EVENT_KEY", "none", 1);
	(void)setenv("PARTITIONS", "1", 1);
	screen_progress(&lab->screen, "demo.starting", NULL);
	if (lab_stack(lab, watch_start, &starting, COMMAND("up"), err) != ST_OK ||
	    lab_connect(lab, err) != ST_OK)
		return err->status;
	screen_progress(&lab->screen, "demo.ready", NULL);
	say_settings(lab);
	event_line_legend(&lab->screen);
	return ST_OK;
}

/* --- the steps ----------------------------------------------------------------------------- */

static void say_text(struct lab *lab, const char *key)
{
	screen_say(&lab->screen, STYLE_PLAIN, key, "delay", SECONDS(lab->config->delay_ms), NULL);
}

static enum status one_partition(struct lab *lab, struct scenario_result *result, struct error *err)
{
	int64_t order;

	heading(lab, 1, "lab.1.name");
	say_text(lab, "demo.park");
	if (order_place(lab, "1000", "TV", "SEOUL", &order, err) != ST_OK)
		return err->status;
	screen_gap(&lab->screen);
	say_text(lab, "lab.1.text");
	return scenario_play(lab, &scenarios[0], result, err);
}

static bool has_one_partition(int port)
{
	struct call_answer answer;
	struct error err;

	return call_make("GET", port, "/metrics", NULL, 2000, &answer, &err) == ST_OK &&
	       strstr(answer.body, ONE_PARTITION);
}

static bool each_has_one(struct lab *lab)
{
	return has_one_partition(lab->config->delivery_port) &&
	       has_one_partition(lab->config->delivery_port + 1);
}

/* How many of the service's clients have heard of the new partition. */
static int clients_that_know(const struct lab *lab, const char *service)
{
	char log[4096], text[65536];
	const char *line = text;
	int clients = 0;

	(void)snprintf(log, sizeof(log), "%s/log/%s.log", lab->config->run_dir, service);
	command_read_output(log, 0, text, sizeof(text));
	while ((line = strstr(line, PARTITION_IS_NEW))) {
		line += strlen(PARTITION_IS_NEW);
		clients++;
	}
	return clients;
}

/* Who publishes puts what is about one order into one partition from here on: order-service's
 * producer, and that of the first replica, which has a consumer, too. */
static bool partition_known(const struct lab *lab)
{
	return clients_that_know(lab, "order-service") >= 1 &&
	       clients_that_know(lab, "delivery-1") >= 2;
}

/* A LOG_LEVEL may hide the line: a few seconds are enough then. */
static enum status await_partition(struct lab *lab, struct error *err)
{
	int64_t end_mono_ms = clock_mono_ms() + KNOWN_MS;

	while (!partition_known(lab) && clock_mono_ms() < end_mono_ms) {
		if (lab_goes_on(lab, err) != ST_OK)
			return err->status;
		clock_pause_ms(LOOK_MS);
	}
	return ST_OK;
}

static enum status scale_out(struct lab *lab, struct error *err)
{
	heading(lab, 2, "demo.scale.name");
	screen_say(&lab->screen, STYLE_PLAIN, "demo.scale.text", NULL);
	screen_command(&lab->screen, "make partitions N=2");
	if (lab_stack(lab, NULL, NULL, COMMAND("partitions", "2"), err) != ST_OK)
		return err->status;
	screen_progress(&lab->screen, "demo.partitions", NULL);
	screen_command(&lab->screen, "make scale N=2");
	if (lab_stack(lab, NULL, NULL, COMMAND("scale", "2"), err) != ST_OK ||
	    await_partition(lab, err) != ST_OK ||
	    lab_until(lab, each_has_one, "each replica has a partition", err) != ST_OK)
		return err->status;
	return lab_tables_show_owners(lab, err);
}

static enum status without_keys(struct lab *lab, struct scenario_result *result, struct error *err)
{
	heading(lab, 3, "lab.2.name");
	say_text(lab, "lab.2.text");
	return scenario_play(lab, &scenarios[1], result, err);
}

static enum status with_keys(struct lab *lab, struct scenario_result *result, struct error *err)
{
	heading(lab, 4, "lab.3.name");
	screen_command(&lab->screen, "make up EVENT_KEY=order-id");
	(void)setenv("EVENT_KEY", "order-id", 1);
	if (lab_stack(lab, NULL, NULL, COMMAND("up"), err) != ST_OK ||
	    lab_until(lab, each_has_one, "each replica has a partition", err) != ST_OK)
		return err->status;
	screen_progress(&lab->screen, "demo.keys", NULL);
	if (lab_tables_show_owners(lab, err) != ST_OK)
		return err->status;
	screen_gap(&lab->screen);
	say_text(lab, "lab.3.text");
	return scenario_play(lab, &scenarios[2], result, err);
}

enum status play_lab(struct lab *lab, bool *reproduced, struct error *err)
{
	struct scenario_result results[SCENARIO_COUNT];

	if (start(lab, err) != ST_OK || one_partition(lab, &results[0], err) != ST_OK ||
	    pace_wait(lab, err) != ST_OK || scale_out(lab, err) != ST_OK ||
	    pace_wait(lab, err) != ST_OK || without_keys(lab, &results[1], err) != ST_OK ||
	    pace_wait(lab, err) != ST_OK || with_keys(lab, &results[2], err) != ST_OK ||
	    pace_wait(lab, err) != ST_OK)
		return err->status;
	screen_heading(&lab->screen, catalogue_text(lab->texts, "demo.result"));
	*reproduced = scenario_show_results(lab, results, SCENARIO_COUNT);
	return ST_OK;
}

void play_end(struct lab *lab)
{
	const struct command command = { .arguments = { "stack/stack.sh", "down" },
					 .output_path = "/dev/null",
					 .timeout_ms = STOP_MS };

	screen_wait_over(&lab->screen);
	if (atomic_load(&lab->stopped))
		screen_progress(&lab->screen, "demo.interrupted", NULL);
	if (command_run(&command) == 0)
		screen_progress(&lab->screen, "demo.stopped", "folder", lab->config->run_dir, NULL);
}
