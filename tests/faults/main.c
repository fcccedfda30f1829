/*
 * The fault runner: a temporary stack under load, while a plan that the seed decides kills, stops
 * and pauses its processes, and a verdict on what became of every operation that was acknowledged.
 * make faults runs it with stack/temporary_stack.sh, which stops the stack however this ends.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "common/runtime/command.h"
#include "common/runtime/stop.h"
#include "tests/faults/disks.h"
#include "tests/faults/each.h"
#include "tests/faults/fence.h"
#include "tests/faults/heal.h"
#include "tests/faults/kinds.h"
#include "tests/faults/nemesis.h"
#include "tests/faults/result.h"
#include "tests/faults/sampler.h"
#include "tests/faults/whole.h"
#include "tests/faults/world.h"
#include "tests/support/wait.h"

#define WATCH_MS         500
#define STACK_MS         180000
#define SECOND_SIGNAL_MS 2000 /* one stop may send two signals at once */
#define EXIT_INTERRUPTED 130
#define STACK_MARK       "made-by-a-lab" /* see stack/temporary_stack.sh */

/* --- signals ------------------------------------------------------------------------------- */

/* The first SIGINT or SIGTERM ends the run in good order, a later one at once. */
static void *signals_main(void *arg)
{
	struct run *run = arg;
	int64_t first_mono_ms;

	(void)stop_wait(STOP_WAIT_FOREVER);
	first_mono_ms = clock_mono_ms();
	atomic_store(&run->interrupted, true);
	journal_progress(&run->journal, "interrupted");
	do
		(void)stop_wait(STOP_WAIT_FOREVER);
	while (clock_mono_ms() < first_mono_ms + SECOND_SIGNAL_MS);
	_exit(EXIT_INTERRUPTED);
}

static enum status watch_signals(struct run *run, struct error *err)
{
	pthread_t thread;

	stop_block_signals();
	/* Who started it may be killed: nobody would end the load then. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (pthread_create(&thread, NULL, signals_main, run) != 0)
		return error_set(err, ST_INTERNAL, "cannot start a thread");
	(void)pthread_detach(thread);
	return ST_OK;
}

/* --- start --------------------------------------------------------------------------------- */

/* Nothing is broken that a user started with make up. */
static enum status check_run_dir(const struct run *run, struct error *err)
{
	char path[RUN_PATH_SIZE];

	if (access(run_path(run, STACK_MARK, path), F_OK) == 0)
		return ST_OK;
	return error_set(err, ST_INVALID,
			 "RUN_DIR=%.80s is no temporary stack's folder: run it by make faults",
			 run->settings->run_dir);
}

/* stack/stack.sh with the arguments. number 0: none. */
static enum status stack(const struct run *run, const char *verb, int number, struct error *err)
{
	char log[RUN_PATH_SIZE], argument[12], output[2048];
	const struct command command = { .arguments = { "stack/stack.sh", verb,
							number > 0 ? argument : NULL },
					 .output_path = run_path(run, "log/stack.log", log),
					 .timeout_ms = wait_stretch(STACK_MS) };

	(void)snprintf(argument, sizeof(argument), "%d", number);
	if (command_run(&command) == 0)
		return ST_OK;
	command_read_output(log, 0, output, sizeof(output));
	return error_set(err, ST_UNAVAILABLE, "stack.sh %s failed: %.200s", verb,
			 command_last_line(output));
}

/* The proxies are there before the first service. */
static enum status start_links(struct run *run, struct error *err)
{
	bool own = run->own_network;

	if (!settings_has_links(run->settings))
		return ST_OK;
	journal_progress(&run->journal, "the network: %s",
			 own ? "packets are dropped"
			     : "proxies hold what passes, without root and iptables");
	return links_open(&run->links, run->settings, own, err);
}

static enum status start_disks(struct run *run, struct error *err)
{
	if (!settings_has_disks(run->settings))
		return ST_OK;
	if (run->own_mounts)
		return disks_open(run->settings, err);
	journal_progress(&run->journal, "no root: no disk will be full");
	return ST_OK;
}

static enum status start_stack(struct run *run, struct error *err)
{
	int replicas = atomic_load(&run->replicas);

	if (start_links(run, err) != ST_OK || start_disks(run, err) != ST_OK)
		return err->status;
	journal_progress(&run->journal, "starting PostgreSQL and Kafka, with no data");
	if (stack(run, "servers", 0, err) != ST_OK)
		return err->status;
	if (!fence_watch(run->settings->database_url))
		return error_set(err, ST_UNAVAILABLE, "the positions cannot be watched");
	if (settings_has_pooler(run->settings)) /* the services come through it from the start */
		heal_part(run, PART_POOLER);
	if (stack(run, "up", 0, err) != ST_OK || stack(run, "scale-orders", ORDERS, err) != ST_OK ||
	    stack(run, "scale", replicas, err) != ST_OK)
		return err->status;
	journal_progress(&run->journal, "%d order-services and %d delivery-services are ready",
			 ORDERS, replicas);
	return ST_OK;
}

static enum status start_clients(struct run *run, struct error *err)
{
	const struct settings *s = run->settings;
	char acks[RUN_PATH_SIZE], log[RUN_PATH_SIZE];
	struct clients_config config = { .seed = s->seed,
					 .count = s->clients,
					 .rate = s->rate,
					 .ports = s->order_ports,
					 .port_count = ORDERS,
					 .acks = run_path(run, "acks.txt", acks) };

	run->clients_log = config.log = fopen(run_path(run, "log/clients.log", log), "ae");
	if (!config.log)
		return error_set(err, ST_INTERNAL, "%.200s cannot be written", log);
	if (clients_open(&run->clients, &config, err) != ST_OK)
		return err->status;
	return clients_start(run->clients, err);
}

/* --- the run ------------------------------------------------------------------------------- */

/* Until that time of the run, with a look at everything now and then. False: interrupted. */
static bool watch_until(struct run *run, struct nemesis *nemesis, int64_t until_mono_ms)
{
	int64_t left_ms;

	while ((left_ms = until_mono_ms - clock_mono_ms()) > 0) {
		run_pause(run, left_ms < WATCH_MS ? left_ms : WATCH_MS);
		if (atomic_load(&run->interrupted))
			return false;
		nemesis_watch(nemesis);
	}
	return !atomic_load(&run->interrupted);
}

/* The plan, from its first fault to the end of the time. */
static void load(struct run *run, struct nemesis *nemesis, const struct plan *plan)
{
	int64_t start_mono_ms = clock_mono_ms();

	journal_restart(&run->journal);
	for (size_t i = 0; i < plan->count; i++) {
		if (!watch_until(run, nemesis, start_mono_ms + plan->faults[i].at_ms))
			return;
		nemesis_begin(nemesis, &plan->faults[i]);
	}
	(void)watch_until(run, nemesis, start_mono_ms + run->settings->duration_s * 1000);
}

/* Nothing is broken any more, every operation is known, and all is whole. */
static void finish(struct run *run, struct nemesis *nemesis, struct sampler *sampler)
{
	int64_t mended_mono_ms;

	if (!atomic_load(&run->interrupted)) {
		journal_progress(&run->journal, "the time is over: mending, finishing the "
						"operations that are on their way");
		nemesis_await(nemesis);
		nemesis_watch(nemesis);
		nemesis_await(nemesis);
		nemesis_mend(nemesis);
	}
	nemesis_await(nemesis);
	mended_mono_ms = clock_mono_ms();
	atomic_store(&run->load_over, true);
	clients_stop(run->clients, atomic_load(&run->interrupted) ? CLIENT_ABANDON : CLIENT_FINISH);
	clients_print_counts(run->clients, "result", run->clients_log);
	if (!atomic_load(&run->interrupted)) {
		journal_progress(&run->journal, "waiting until all is whole by itself");
		run->whole_ms = whole_await(run, mended_mono_ms);
	}
	run->longest_standstill_ms = sampler_stop(sampler);
}

static bool judge(struct run *run)
{
	struct verdict verdict;

	if (atomic_load(&run->interrupted))
		return false;
	if (journal_fault_count(&run->journal) == 0)
		journal_violation(&run->journal, "nothing was broken, so nothing is shown");
	verdict_judge(&verdict, run);
	if (!atomic_load(&run->interrupted))
		result_show(run, &verdict);
	verdict_fini(&verdict);
	return run->journal.violation_count == 0;
}

static enum status carry_out(struct run *run, const struct plan *plan, bool *good,
			     struct error *err)
{
	struct nemesis *nemesis = NULL;
	struct sampler *sampler = NULL;
	char log[RUN_PATH_SIZE];

	if (check_run_dir(run, err) != ST_OK ||
	    journal_open(&run->journal, run_path(run, "log/faults.log", log), err) != ST_OK ||
	    watch_signals(run, err) != ST_OK || start_stack(run, err) != ST_OK ||
	    nemesis_open(&nemesis, run, err) != ST_OK)
		return err->status;
	if (start_clients(run, err) == ST_OK && sampler_start(&sampler, run, err) == ST_OK) {
		load(run, nemesis, plan);
		finish(run, nemesis, sampler);
		*good = judge(run);
	}
	nemesis_close(nemesis);
	return err->status;
}

static int run_plan(const struct settings *settings, const struct plan *plan)
{
	struct run run = { .settings = settings, .replicas = PLAN_REPLICAS_AT_FIRST };
	struct error err = { 0 };
	bool good = false;

	journal_init(&run.journal);
	journal_line(&run.journal,
		     "seed %" PRId64 ", family %s, mode %s, order %s, %" PRId64 " s, "
		     "faults planned: %zu",
		     settings->seed, settings_family_name(settings), settings_mode_name(settings),
		     settings_order_name(settings), settings->duration_s, plan->count);
	settings_export(settings);
	run.own_mounts = settings_has_disks(settings) && world_own_mounts();
	run.own_network = settings_has_links(settings) && world_own_network();
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	if (carry_out(&run, plan, &good, &err) != ST_OK && !atomic_load(&run.interrupted))
		(void)fprintf(stderr, "faults: %s\n", err.msg);
	clients_close(run.clients);
	links_close(run.links);
	if (run.clients_log)
		(void)fclose(run.clients_log);
	curl_global_cleanup();
	if (atomic_load(&run.interrupted))
		return EXIT_INTERRUPTED;
	journal_fini(&run.journal);
	return !good;
}

static int show_plan(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		char text[120] = "";
		struct strbuf line = STRBUF_ON(text);

		plan_describe(&plan->faults[i], &line);
		(void)fputs(text, stdout);
	}
	return 0;
}

/* The run of the settings, or only its plan. */
static int run_once(const struct settings *settings, bool only_plan)
{
	const struct plan_conditions conditions = settings_conditions(settings);
	struct plan plan;
	struct error err;
	int status;

	if (plan_draw(&plan, kinds_table, kinds_count, (uint64_t)settings->seed, &conditions,
		      &err) != ST_OK) {
		(void)fprintf(stderr, "faults: %s\n", err.msg);
		return 1;
	}
	status = only_plan ? show_plan(&plan) : run_plan(settings, &plan);
	plan_fini(&plan);
	return status;
}

int main(int argc, char **argv)
{
	bool only_plan = argc == 2 && strcmp(argv[1], "--plan") == 0,
	     each = argc == 2 && strcmp(argv[1], "--each") == 0;
	struct settings settings = { 0 };
	int done = config_main(&settings_program, only_plan || each ? 1 : argc, argv, &settings);

	if (done >= 0)
		return done;
	settings_derive(&settings);
	return each ? each_run(&settings) : run_once(&settings, only_plan);
}
