/*
 * The kinds of faults: how each breaks its victim, and how that is made whole. Signals go only to
 * processes that the stack's scripts recorded, and to the sessions that the private PostgreSQL
 * names as its own children.
 */
#include "tests/faults/kinds.h"

#include <inttypes.h>
#include <signal.h>

#include "common/runtime/clock.h"
#include "tests/faults/duplicates.h"
#include "tests/faults/heal.h"
#include "tests/faults/job.h"
#include "tests/support/database.h"
#include "tests/support/process.h"

#define STOP_MS 10000
#define KILL_MS 5000

/* Finds the victim's process; false: it does not run. */
static bool find_victim(struct fault_job *job)
{
	job->pid = process_find(job->run->settings->run_dir, part_name(job->part));
	return job->pid > 0;
}

static bool signal_victim(const struct fault_job *job, int sig)
{
	return process_signal(job->run->settings->run_dir, part_name(job->part), job->pid, sig);
}

static bool await_victim(const struct fault_job *job, int64_t timeout_ms)
{
	return process_await_end(job->run->settings->run_dir, part_name(job->part), job->pid,
				 timeout_ms);
}

/* Takes what a service has counted: it is about to end. */
static void keep_counters(struct fault_job *job, enum part part)
{
	int port = settings_service_port(job->run->settings, part);

	if (port > 0)
		counters_add(&job->run->counters, port);
}

static void kill_victim(const struct fault_job *job)
{
	(void)signal_victim(job, SIGKILL);
	if (!await_victim(job, KILL_MS))
		journal_violation(&job->run->journal, "%s (pid %d) outlives kill -9",
				  part_name(job->part), (int)job->pid);
}

static void heal_victim(struct fault_job *job)
{
	heal_part(job->run, job->part);
}

/* --- processes ----------------------------------------------------------------------------- */

static bool carry_out_kill(struct fault_job *job)
{
	if (!find_victim(job))
		return false;
	keep_counters(job, job->part);
	kill_victim(job);
	job_report(job, "kill -9 %s (pid %d)", part_name(job->part), (int)job->pid);
	return true;
}

/* The order-service that publishes is the one that holds the lease of the outbox. */
static bool carry_out_kill_relay(struct fault_job *job)
{
	int64_t holder =
		database_number(job->run->settings->database_url,
				"select split_part(holder, '/', 2) from orders.outbox_lease");

	for (int i = 0; i < ORDERS; i++) {
		job->part = (enum part)(PART_ORDER + i);
		if (find_victim(job) && job->pid == (pid_t)holder)
			return carry_out_kill(job);
	}
	return false;
}

/* SIGTERM. The broker may take its time to hand over; the others promise to end soon. */
static bool carry_out_stop(struct fault_job *job)
{
	int64_t begin_mono_ms, took_ms;

	if (!find_victim(job))
		return false;
	keep_counters(job, job->part);
	begin_mono_ms = clock_mono_ms();
	job_report(job, "stop %s (pid %d)", part_name(job->part), (int)job->pid);
	(void)signal_victim(job, SIGTERM);
	if (!await_victim(job, STOP_MS))
		kill_victim(job);
	took_ms = clock_mono_ms() - begin_mono_ms;
	journal_note(&job->run->journal, "stopped", "%s after %" PRId64 " ms", part_name(job->part),
		     took_ms);
	if (took_ms >= STOP_MS && !part_is_kafka(job->part))
		journal_violation(&job->run->journal, "%s did not stop within %d s of SIGTERM",
				  part_name(job->part), STOP_MS / 1000);
	return true;
}

/* PostgreSQL's immediate stop: no checkpoint, recovery at the start. */
static bool carry_out_quit(struct fault_job *job)
{
	if (!find_victim(job) || !signal_victim(job, SIGQUIT))
		return false;
	job_report(job, "kill -QUIT %s (pid %d)", part_name(job->part), (int)job->pid);
	if (!await_victim(job, STOP_MS))
		kill_victim(job);
	return true;
}

static bool carry_out_pause(struct fault_job *job)
{
	if (!find_victim(job) || !signal_victim(job, SIGSTOP))
		return false;
	job_report(job, "SIGSTOP %s (pid %d) for %d.%d s", part_name(job->part), (int)job->pid,
		   (int)job->fault.number / 1000, (int)job->fault.number % 1000 / 100);
	return true;
}

static void heal_pause(struct fault_job *job)
{
	if (signal_victim(job, SIGCONT))
		journal_note(&job->run->journal, "healed", "%s", part_name(job->part));
	else
		journal_violation(&job->run->journal, "%s (pid %d) ended while it was stopped",
				  part_name(job->part), (int)job->pid);
}

/* --- sessions of PostgreSQL ---------------------------------------------------------------- */

/* The pid of one of the services' sessions; 0: there is none. */
static pid_t choose_session(const struct fault_job *job)
{
	char statement[300];
	int64_t pid;

	(void)snprintf(statement, sizeof(statement),
		       "select pid from pg_stat_activity "
		       "where usename in ('order_service', 'delivery_service') "
		       "order by md5(pid || ' %" PRId32 "') limit 1",
		       job->fault.number);
	pid = database_number(job->run->settings->database_url, statement);
	return pid > 0 ? (pid_t)pid : 0;
}

/* As an administrator does it. */
static bool carry_out_end_backend(struct fault_job *job)
{
	pid_t session = choose_session(job);
	char statement[80], ended[8];

	(void)snprintf(statement, sizeof(statement), "select pg_terminate_backend(%d)",
		       (int)session);
	if (session > 0 &&
	    database_text(job->run->settings->database_url, statement, ended, sizeof(ended)) &&
	    ended[0] == 't')
		job_report(job, "pg_terminate_backend of a service's session (pid %d)",
			   (int)session);
	return false;
}

/* PostgreSQL ends all of its sessions then, and recovers. */
static bool carry_out_kill_backend(struct fault_job *job)
{
	pid_t session = choose_session(job);

	/* Its parent is our server. */
	if (session <= 0 || !find_victim(job) || process_parent(session) != job->pid ||
	    kill(session, SIGKILL) != 0)
		return false;
	job_report(job, "kill -9 of a service's database session (pid %d)", (int)session);
	return true;
}

/* --- numbers ------------------------------------------------------------------------------- */

static bool carry_out_scale(struct fault_job *job)
{
	for (int i = job->fault.number; i < job->replicas_before; i++)
		keep_counters(job, (enum part)(PART_DELIVERY + i));
	job_report(job, "delivery replicas: %d -> %d", job->replicas_before,
		   (int)job->fault.number);
	return true;
}

static void heal_scale(struct fault_job *job)
{
	heal_replicas(job->run);
}

static bool grows(const struct plan_conditions *conditions)
{
	return conditions->growth_count > 0;
}

static bool carry_out_grow(struct fault_job *job)
{
	job_report(job, "topic partitions: -> %d", (int)job->fault.number);
	return true;
}

static void heal_grow(struct fault_job *job)
{
	heal_topic(job->run, job->fault.number);
}

static bool carry_out_duplicates(struct fault_job *job)
{
	const struct settings *s = job->run->settings;
	const struct duplicates_config config = { .brokers = s->kafka,
						  .topic = s->topic,
						  .count = (size_t)job->fault.number,
						  .to_any = s->mode != MODE_KEYED,
						  .seed = (uint64_t)job->fault.number };
	struct duplicates_result result;
	struct error err;

	if (duplicates_produce(&config, &result, &err) != ST_OK) {
		journal_note(&job->run->journal, "failed", "%s", err.msg);
		return false;
	}
	job_report(job, "produced again: %zu messages of partition %" PRId32, result.count,
		   result.partition);
	atomic_fetch_add(&job->run->produced_again, (int64_t)result.count);
	return false;
}

/* --- the table ----------------------------------------------------------------------------- */

const struct fault_kind kinds_table[] = {
	{ "kill", VICTIM_ORDER, 10, AMOUNT_MS, 0, 2000, NULL, carry_out_kill, heal_victim },
	{ "kill-relay", VICTIM_RELAY, 8, AMOUNT_MS, 0, 2000, NULL, carry_out_kill_relay,
	  heal_victim },
	{ "kill", VICTIM_DELIVERY, 14, AMOUNT_MS, 0, 2000, NULL, carry_out_kill, heal_victim },
	{ "stop", VICTIM_ORDER, 6, AMOUNT_MS, 0, 2000, NULL, carry_out_stop, heal_victim },
	{ "stop", VICTIM_DELIVERY, 8, AMOUNT_MS, 0, 2000, NULL, carry_out_stop, heal_victim },
	{ "pause", VICTIM_ORDER, 8, AMOUNT_MS, 4000, 15000, NULL, carry_out_pause, heal_pause },
	{ "pause", VICTIM_DELIVERY, 14, AMOUNT_MS, 2000, 15000, NULL, carry_out_pause, heal_pause },
	{ "pause", VICTIM_KAFKA, 6, AMOUNT_MS, 2000, 8000, NULL, carry_out_pause, heal_pause },
	{ "kill", VICTIM_KAFKA, 5, AMOUNT_MS, 0, 2000, NULL, carry_out_kill, heal_victim },
	{ "stop", VICTIM_KAFKA, 4, AMOUNT_MS, 0, 2000, NULL, carry_out_stop, heal_victim },
	{ "kill", VICTIM_POSTGRES, 4, AMOUNT_MS, 0, 2000, NULL, carry_out_kill, heal_victim },
	{ "quit", VICTIM_POSTGRES, 4, AMOUNT_MS, 0, 2000, NULL, carry_out_quit, heal_victim },
	{ "kill-backend", VICTIM_POSTGRES, 4, AMOUNT_SESSION, 0, 200, NULL, carry_out_kill_backend,
	  heal_victim },
	{ "end-backend", VICTIM_POSTGRES, 8, AMOUNT_SESSION, 0, 200, NULL, carry_out_end_backend,
	  NULL },
	{ "scale", VICTIM_REPLICAS, 10, AMOUNT_REPLICAS, 1, REPLICAS_MAX, NULL, carry_out_scale,
	  heal_scale },
	{ "duplicates", VICTIM_TOPIC, 10, AMOUNT_MESSAGES, 1, 100, NULL, carry_out_duplicates,
	  NULL },
	{ "grow", VICTIM_TOPIC, 0, AMOUNT_PARTITIONS, 2, 7, grows, carry_out_grow, heal_grow },
};
const size_t kinds_count = sizeof(kinds_table) / sizeof(kinds_table[0]);
