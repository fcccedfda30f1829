#include "tests/faults/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/command.h"
#include "tests/faults/fence.h"
#include "tests/faults/rewound.h"
#include "tests/support/database.h"
#include "tests/support/wait.h"

#define VERIFY_MS   600000
#define TAIL_SIZE   2048
#define EXIT_CLEAN  0
#define EXIT_BROKEN 1

/* Runs the history checker. json: its report goes to verify.json; otherwise to the screen. */
static int run_verifier(const struct run *run, bool json)
{
	char program[RUN_PATH_SIZE], report[RUN_PATH_SIZE], log[RUN_PATH_SIZE];
	struct command command = { .arguments = { program, json ? "--json" : NULL },
				   .output_path = json ? run_path(run, "verify.json", report)
						       : NULL,
				   .error_path = run_path(run, "log/verify.log", log),
				   .timeout_ms = wait_stretch(VERIFY_MS),
				   .cancel = &run->interrupted };

	(void)snprintf(program, sizeof(program), "%s/verify-history", run->settings->build_dir);
	return command_run(&command);
}

static json_t *load_report(const struct run *run)
{
	char path[RUN_PATH_SIZE];

	return json_load_file(run_path(run, "verify.json", path), 0, NULL);
}

/* The kind of the first violations that the checker reports. */
static const char *first_kind(const json_t *report)
{
	const json_t *first = json_array_get(json_object_get(report, "violations"), 0);
	const char *kind = json_string_value(json_object_get(first, "kind"));

	return kind ? kind : "?";
}

static void judge_history(struct verdict *verdict, struct run *run)
{
	char log[RUN_PATH_SIZE], tail[TAIL_SIZE];
	int status;

	journal_progress(&run->journal, "the history checker reads the topic and the tables");
	if (run->whole_ms < 0)
		(void)setenv("WAIT", "0", 1); /* what was not whole by now was waited for */
	status = run_verifier(run, true);
	verdict->history = load_report(run);
	if (status == EXIT_CLEAN && verdict->history)
		return;
	if (status == EXIT_BROKEN && verdict->history) {
		(void)setenv("WAIT", "0", 1); /* it has waited */
		(void)run_verifier(run, false);
		journal_violation(
			&run->journal,
			"the history checker found %lld, the first kind: %s; see "
			"%s/verify.json",
			(long long)json_integer_value(json_object_get(verdict->history, "total")),
			first_kind(verdict->history), run->settings->run_dir);
		return;
	}
	command_read_output(run_path(run, "log/verify.log", log), 0, tail, sizeof(tail));
	journal_violation(&run->journal, "no verdict on the history; see %.200s: %.200s", log,
			  command_last_line(tail));
}

/* The history checker reads committed. */
static void judge_repeats(struct verdict *verdict, struct run *run)
{
	int64_t orders = verdict_history_count(verdict, "order_events_repeated");
	int64_t deliveries = verdict_history_count(verdict, "delivery_events_repeated");

	if (run->settings->transactional && (orders != 0 || deliveries != 0))
		journal_violation(&run->journal,
				  "events that are on the topic again: %" PRId64
				  " of orders, %" PRId64 " of deliveries",
				  orders, deliveries);
}

/* All is done, so there is no gap, and nothing past one is remembered. */
static void judge_ranges(struct run *run)
{
	int64_t left = database_number(run->settings->database_url,
				       "select count(*) from delivery.position_range");

	if (left != 0)
		journal_violation(
			&run->journal,
			"ranges of offsets that are left over in position_range: %" PRId64, left);
}

static int64_t count_lines(const char *path)
{
	FILE *file = fopen(path, "re");
	int64_t lines = 0;

	for (int c; file && (c = fgetc(file)) != EOF;)
		lines += c == '\n';
	if (file)
		(void)fclose(file);
	return lines;
}

/* What the clients say of the answers they got. They did every operation once, so orders that have
 * more versions than there are acknowledged operations had one of them done twice. */
static void judge_operations(struct verdict *verdict, struct run *run)
{
	const struct tally_counts *c = &verdict->clients;
	char acks[RUN_PATH_SIZE];
	int64_t stored = database_number(run->settings->database_url,
					 "select coalesce(sum(version), 0) from orders.orders");
	int64_t noted = count_lines(run_path(run, "acks.txt", acks));

	if (c->violations > 0)
		journal_violation(&run->journal,
				  "answers that must not be: %" PRId64
				  ", see %.200s/log/clients.log; the first: %.300s",
				  c->violations, run->settings->run_dir, c->first_violation);
	if (stored != noted)
		journal_violation(&run->journal,
				  "operations stored: %" PRId64 ", acknowledged: %" PRId64, stored,
				  noted);
	if (noted != c->acknowledged)
		journal_violation(&run->journal,
				  "acknowledgements in %.200s: %" PRId64
				  ", that the clients counted: %" PRId64,
				  acks, noted, c->acknowledged);
}

/* Services say that the database lost commits if it did, and only then. */
static void judge_logs(struct verdict *verdict, struct run *run)
{
	bool rewound = atomic_load(&run->rewind.happened);

	verdict->logs = service_logs_read(run->settings->run_dir);
	if (verdict->logs.errors > 0)
		journal_violation(&run->journal,
				  "errors in the services' logs: %" PRId64 ", the first: %s",
				  verdict->logs.errors, verdict->logs.first_error);
	if (rewound != (verdict->logs.losses > 0))
		journal_violation(&run->journal,
				  "the database %s, and %" PRId64
				  " lines of the services say it did",
				  rewound ? "lost commits" : "lost none", verdict->logs.losses);
}

/* Who has lost a partition moves nothing. */
static void judge_fence(struct run *run)
{
	int64_t breaches = fence_breaches(run->settings->database_url);

	if (breaches != 0)
		journal_violation(
			&run->journal,
			"positions moved by a replica that had lost the partition: %" PRId64
			"; see faults.breach",
			breaches);
}

/* What was acknowledged since the database went back holds, and only that; no order of then has its
 * id again, or shows the delivery of another. */
static void judge_rewind(struct verdict *verdict, struct run *run)
{
	const struct tally_counts *c = &verdict->clients;
	struct rewound rewound;
	char acks[RUN_PATH_SIZE];

	rewound_read(&rewound, run_path(run, "acks.txt", acks),
		     atomic_load(&run->rewind.acks_size));
	if (c->violations > 0)
		journal_violation(&run->journal,
				  "answers that must not be: %" PRId64 ", the first: %.300s",
				  c->violations, c->first_violation);
	if (rewound.repeated > 0)
		journal_violation(&run->journal,
				  "ids of orders given out again: %" PRId64 ", up to %" PRId64
				  " was known before",
				  rewound.repeated, rewound.last_id);
	if (rewound_stored(&rewound, run->settings->database_url) != rewound.operations)
		journal_violation(&run->journal,
				  "operations stored since: %" PRId64 ", acknowledged: %" PRId64,
				  rewound_stored(&rewound, run->settings->database_url),
				  rewound.operations);
	if (rewound_differing(&rewound, run->settings->database_url) != 0)
		journal_violation(&run->journal,
				  "orders placed since whose delivery differs: %" PRId64,
				  rewound_differing(&rewound, run->settings->database_url));
}

void verdict_judge(struct verdict *verdict, struct run *run)
{
	part_set services = settings_services(atomic_load(&run->replicas));

	*verdict = (struct verdict){ .clients = clients_counts(run->clients) };
	if (atomic_load(&run->rewind.happened)) {
		judge_rewind(verdict, run);
	} else {
		judge_history(verdict, run);
		judge_repeats(verdict, run);
		judge_operations(verdict, run);
	}
	judge_ranges(run);
	judge_fence(run);
	judge_logs(verdict, run);
	for (int part = 0; part < PART_COUNT; part++) {
		if (services & PART_BIT(part))
			counters_add(&run->counters,
				     settings_service_port(run->settings, (enum part)part));
	}
}

void verdict_fini(struct verdict *verdict)
{
	json_decref(verdict->history);
}

int64_t verdict_history_count(const struct verdict *verdict, const char *name)
{
	const json_t *counts = json_object_get(verdict->history, "counts");
	const json_t *count = json_object_get(counts, name);

	return json_is_integer(count) ? json_integer_value(count) : -1;
}
