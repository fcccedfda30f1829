/*
 * docker-compose.yml for real: the images, and what the README says of them, played from the first
 * "up" to the last "down". tests/compose/run.sh runs it with an engine. Whatever ends it, nothing
 * of the projects, their volumes or the swarm is left. It leaves its counts, "PASSED FAILED", in
 * counts.txt.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/base/config.h"
#include "common/runtime/stop.h"
#include "tests/compose/load.h"
#include "tests/compose/project.h"
#include "tests/compose/steps.h"
#include "tests/support/arena.h"

#define EXIT_INTERRUPTED 130

static const char *const engines[] = { "found", "own", NULL };

static const struct config_key keys[] = {
	{ "TEST_PORT", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct run, port), "25081", 1024, 65000,
	  NULL, "the first of 20 ports" },
	{ "RUN_DIR", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct run, dir), ".run/compose", 0, 0,
	  NULL, "folder of the test's files" },
	{ "ENGINE", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct run, engine), "found", 0, 0,
	  engines, "own: it is the test's, and its containers' processes can be seen" },
	{ "IMAGES_MISSING", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct run, images_missing), "", 0,
	  0, NULL, "images of docker-compose.yml that are not to be had" },
	{ 0 },
};

static const struct config_program program = {
	.name = "compose",
	.summary = "plays docker-compose.yml and deploy/docker/stack.yml for real",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.flags = "STEP...",
	.manner = "Runs as make test-compose does it, once. Steps: images lab kills brokers "
		  "secure monitoring swarm; none: all, in this order.",
	.exit_status = "0 every expectation held, 1 not so, or it could not run, 2 bad settings.",
};

static const struct step {
	const char *name;
	enum status (*play)(struct run *run, struct error *err);
} steps[] = {
	{ "images", images_step },   { "lab", lab_step },       { "kills", kills_step },
	{ "brokers", brokers_step }, { "secure", secure_step }, { "monitoring", monitoring_step },
	{ "swarm", swarm_step },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

static const struct step *find_step(const char *name)
{
	for (size_t i = 0; i < STEPS; i++)
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	return NULL;
}

/* --- signals ------------------------------------------------------------------------------- */

/* The first SIGINT or SIGTERM ends the run; nothing cuts off what cleans up after it. */
static void *signals_main(void *arg)
{
	struct run *run = arg;

	for (;;) {
		(void)stop_wait(STOP_WAIT_FOREVER);
		atomic_store(&run->interrupted, true);
	}
	return NULL;
}

static enum status watch_signals(struct run *run, struct error *err)
{
	sigset_t hangup;
	pthread_t thread;

	(void)sigemptyset(&hangup);
	(void)sigaddset(&hangup, SIGHUP); /* the script that started this sends a SIGTERM, too */
	(void)pthread_sigmask(SIG_BLOCK, &hangup, NULL);
	stop_block_signals();
	/* Who started it may be killed: nobody would take the projects down then. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (pthread_create(&thread, NULL, signals_main, run) != 0)
		return error_set(err, ST_INTERNAL, "cannot start a thread");
	(void)pthread_detach(thread);
	return ST_OK;
}

/* --- the run ------------------------------------------------------------------------------- */

/* The settings of a user's own project are nothing for the test. */
static void set_environment(const struct run *run)
{
	(void)unsetenv("COMPOSE_FILE");
	(void)unsetenv("COMPOSE_PROFILES");
	(void)unsetenv("COMPOSE_PROJECT_NAME");
	project_export_ports(run);
}

static enum status play(struct run *run, char **names, struct error *err)
{
	if (watch_signals(run, err) != ST_OK || project_build(run, err) != ST_OK)
		return err->status;
	for (size_t i = 0; *names ? names[i] != NULL : i < STEPS; i++) {
		const struct step *step = *names ? find_step(names[i]) : &steps[i];

		if (step->play(run, err) != ST_OK)
			return err->status;
	}
	return ST_OK;
}

/* In whatever state it is. */
static void clean_up(struct run *run)
{
	run->closing = true;
	load_close(run);
	swarm_close(run);
	project_down_all(run);
}

static void write_counts(const struct run *run)
{
	FILE *file = fopen(run_path(run, "counts.txt"), "we");

	if (!file)
		return;
	(void)fprintf(file, "%d %d\n", run->passed, run->failed);
	(void)fclose(file);
}

int main(int argc, char **argv)
{
	bool named = argc > 1 && argv[1][0] != '-';
	struct run run = { .answer = "", .start_mono_ms = mono_ms() };
	int done = config_main(&program, named ? 1 : argc, argv, &run);
	struct error err = { 0 };
	bool interrupted;

	if (done >= 0)
		return done;
	for (int i = 1; i < argc; i++)
		if (!find_step(argv[i])) {
			(void)fprintf(stderr, "compose: there is no step %s; see --help\n",
				      argv[i]);
			return 2;
		}
	set_environment(&run);
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	if (play(&run, argv + 1, &err) != ST_OK && !run_is_interrupted(&run))
		(void)fprintf(stderr, "compose: %s\n", err.msg);
	interrupted = run_is_interrupted(&run);
	clean_up(&run);
	write_counts(&run);
	arena_release();
	curl_global_cleanup();
	if (interrupted)
		return EXIT_INTERRUPTED;
	return err.status != ST_OK || run.failed > 0;
}
