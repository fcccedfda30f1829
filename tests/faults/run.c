#include "tests/faults/run.h"

#include "common/runtime/clock.h"
#include "tests/support/database.h"

#define PAUSE_STEP_MS 10

const char *run_path(const struct run *run, const char *name, char path[RUN_PATH_SIZE])
{
	(void)snprintf(path, RUN_PATH_SIZE, "%s/%s", run->settings->run_dir, name);
	return path;
}

void run_pause(const struct run *run, int64_t ms)
{
	int64_t end_mono_ms = clock_mono_ms() + ms, left_ms;

	while (!atomic_load(&run->interrupted) && (left_ms = end_mono_ms - clock_mono_ms()) > 0)
		clock_pause_ms(left_ms < PAUSE_STEP_MS ? left_ms : PAUSE_STEP_MS);
}

static void keep_most(_Atomic int64_t *most, int64_t value)
{
	int64_t old = atomic_load(most);

	while (value > old && !atomic_compare_exchange_weak(most, &old, value))
		;
}

/* How many events wait now, and how many ranges of offsets are done past gaps. */
static void sample(struct run *run)
{
	const struct settings *s = run->settings;

	if (s->resequencing)
		keep_most(&run->parked_most,
			  database_number(s->database_url, "select count(*) from delivery.parked"));
	if (s->order != ORDER_PARTITION)
		keep_most(&run->ranges_most,
			  database_number(s->database_url,
					  "select count(*) from delivery.position_range"));
}

void run_fault(struct run *run, size_t kind, const char *name, const char *text)
{
	journal_fault(&run->journal, kind, name, clients_counts(run->clients).acknowledged, text);
	sample(run);
}
