#include "tests/faults/result.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/strbuf.h"
#include "tests/faults/kinds.h"

static void row(struct run *run, const char *name, const char *value)
{
	journal_line(&run->journal, "%-26s %s", name, value);
}

static void number_row(struct run *run, const char *name, int64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, number);
	row(run, name, number < 0 ? "?" : text);
}

static void history_row(struct run *run, const struct verdict *verdict, const char *name,
			const char *count)
{
	number_row(run, name, verdict_history_count(verdict, count));
}

/* Of all rows of the table with the name of this one; 0 if an earlier row has it too. */
static int64_t faults_of_name(const struct journal *journal, size_t row)
{
	int64_t sum = 0;

	for (size_t i = 0; i < kinds_count; i++) {
		if (strcmp(kinds_table[i].name, kinds_table[row].name) != 0)
			continue;
		if (i < row)
			return 0;
		sum += journal->faults[i];
	}
	return sum;
}

static void faults_row(struct run *run)
{
	char text[400] = "";
	struct strbuf kinds = STRBUF_ON(text);

	strbuf_printf(&kinds, "%" PRId64 ":", journal_fault_count(&run->journal));
	for (size_t i = 0; i < kinds_count; i++) {
		int64_t count = faults_of_name(&run->journal, i);

		if (count > 0)
			strbuf_printf(&kinds, " %s %" PRId64, kinds_table[i].name, count);
	}
	row(run, "faults", text);
}

static void run_row(struct run *run)
{
	const struct settings *s = run->settings;
	char text[200];

	(void)snprintf(text, sizeof(text),
		       "seed %" PRId64 ", family %s, mode %s, order %s, %" PRId64 " s", s->seed,
		       settings_family_name(s), settings_mode_name(s), settings_order_name(s),
		       s->duration_s);
	row(run, "run", text);
}

static void client_rows(struct run *run, const struct tally_counts *counts)
{
	char text[80];

	number_row(run, "operations acknowledged", counts->acknowledged);
	number_row(run, "calls made again", counts->retries);
	(void)snprintf(text, sizeof(text), "%" PRId64 " ms without an acknowledgement",
		       counts->longest_pause_ms);
	row(run, "longest pause", text);
}

static void liveness_rows(struct run *run)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "%" PRId64 " ms", run->longest_standstill_ms);
	row(run, "longest standstill", text);
	(void)snprintf(text, sizeof(text), "%" PRId64 " ms after the last fault", run->whole_ms);
	number_row(run, "sessions at most", run->sessions_most);
	row(run, "whole", run->whole_ms < 0 ? "no" : text);
}

static void topic_rows(struct run *run, const struct verdict *verdict)
{
	history_row(run, verdict, "Order* events", "order_events");
	history_row(run, verdict, "  repeats on the topic", "order_events_repeated");
	number_row(run, "  produced again by us", atomic_load(&run->produced_again));
	number_row(run, "  recognised as repeats", atomic_load(&run->counters.recognised_repeats));
	history_row(run, verdict, "effects", "effects");
	history_row(run, verdict, "Delivery* events", "delivery_events");
	history_row(run, verdict, "  repeats on the topic", "delivery_events_repeated");
}

static void service_rows(struct run *run, const struct verdict *verdict)
{
	const struct settings *s = run->settings;
	char text[120];

	number_row(run, "partitions assigned", verdict->logs.assigned);
	number_row(run, "fenced writes", verdict->logs.fenced);
	number_row(run, "losses said", verdict->logs.losses);
	if (s->resequencing) {
		(void)snprintf(text, sizeof(text),
			       "%" PRId64 ", at most at once when looked at: %" PRId64,
			       atomic_load(&run->counters.parked), atomic_load(&run->parked_most));
		row(run, "events parked", text);
	}
	if (s->order != ORDER_PARTITION) {
		(void)snprintf(text, sizeof(text), "at most at once when looked at: %" PRId64,
			       atomic_load(&run->ranges_most));
		row(run, "ranges past gaps", text);
	}
}

static void show_violations(struct run *run)
{
	const struct settings *s = run->settings;
	struct journal *j = &run->journal;
	char text[300];

	for (int64_t i = 0; i < j->violation_count && i < JOURNAL_VIOLATIONS_MAX; i++)
		journal_verdict(j, false, j->violations[i]);
	(void)snprintf(text, sizeof(text),
		       "%" PRId64 " violations. To run it again: make faults SEED=%" PRId64
		       " DURATION=%" PRId64 " FAMILY=%s MODE=%s PROCESSING_ORDER=%s BROKERS=%d",
		       j->violation_count, s->seed, s->duration_s, settings_family_name(s),
		       settings_mode_name(s), settings_order_name(s), s->brokers);
	journal_verdict(j, false, text);
}

void result_show(struct run *run, const struct verdict *verdict)
{
	journal_line(&run->journal, "%s", "");
	run_row(run);
	faults_row(run);
	client_rows(run, &verdict->clients);
	liveness_rows(run);
	topic_rows(run, verdict);
	service_rows(run, verdict);
	journal_line(&run->journal, "%-26s %s/log, %s/acks.txt", "logs, acknowledgements",
		     run->settings->run_dir, run->settings->run_dir);
	if (run->journal.violation_count > 0)
		show_violations(run);
	else
		journal_verdict(
			&run->journal, true,
			atomic_load(&run->rewind.happened)
				? "Nothing of what was acknowledged since is lost."
				: "Nothing lost, nothing duplicated, nothing out of order.");
}
