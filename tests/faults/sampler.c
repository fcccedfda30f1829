#include "tests/faults/sampler.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "tests/faults/look.h"
#include "tests/faults/standstill.h"

#define BETWEEN_MS   300
#define SESSIONS_MAX 70 /* a fifth of it is theirs; max_connections is 100 */

enum work {
	WORK_ORDERS, /* operations of the clients */
	WORK_ORDER_OUTBOX,
	WORK_DELIVERY_OUTBOX,
	WORK_PARTITION, /* the first one */
	WORK_COUNT = WORK_PARTITION + LOOK_PARTITIONS_MAX,
};

struct sampler {
	struct run *run;
	struct looker *looker;
	FILE *log;
	pthread_t thread;
	atomic_bool stop;
	struct standstill works[WORK_COUNT];
	part_set ready_before;
	int64_t longest_ms; /* of the thread */
};

static const char *work_name(enum work work, char text[40])
{
	static const char *const names[] = { "the clients' operations",
					     "the outbox of the order-services",
					     "the outbox of the delivery-services" };

	if (work < WORK_PARTITION)
		return names[work];
	(void)snprintf(text, 40, "partition %d", (int)(work - WORK_PARTITION));
	return text;
}

/* Violations carry what the services said. */
static void judge(struct sampler *sampler, const struct look *look, enum work work, bool has_work,
		  int64_t value, part_set answerable)
{
	struct standstill *standstill = &sampler->works[work];
	bool ready = (look->ready & answerable) == answerable;
	char name[40];

	if (standstill_look(standstill, clock_mono_ms(), has_work, value, ready))
		journal_violation(&sampler->run->journal,
				  "ready, but %s stands still for %d s at %" PRId64 ": %.200s",
				  work_name(work, name), STANDSTILL_WORK_MS / 1000, value,
				  look->why[parts_first(answerable)]);
	if (standstill->longest_ms > sampler->longest_ms)
		sampler->longest_ms = standstill->longest_ms;
}

static void note_changes(struct sampler *sampler, const struct look *look)
{
	part_set changed = look->ready ^ sampler->ready_before;

	for (int part = 0; part < PART_COUNT; part++) {
		if (changed & PART_BIT(part))
			(void)fprintf(sampler->log, "%" PRId64 " %s %s: %s\n", clock_wall_ms(),
				      part_name((enum part)part),
				      look->ready & PART_BIT(part) ? "ready" : "not ready",
				      look->why[part]);
	}
	(void)fflush(sampler->log);
	sampler->ready_before = look->ready;
}

/* That they fill the server up is a violation, once. */
static void judge_sessions(struct sampler *sampler, int64_t sessions)
{
	int64_t *most = &sampler->run->sessions_most;

	if (sessions >= SESSIONS_MAX && *most < SESSIONS_MAX)
		journal_violation(&sampler->run->journal,
				  "sessions of the services in PostgreSQL: %" PRId64, sessions);
	if (sessions > *most)
		*most = sessions;
}

static void sample(struct sampler *sampler)
{
	const struct look *look = look_take(sampler->looker);
	struct run *run = sampler->run;
	part_set services = settings_services(atomic_load(&run->replicas));
	part_set orders = parts_range(PART_ORDER, ORDERS), deliveries = services & ~orders;

	note_changes(sampler, look);
	judge_sessions(sampler, look->sessions);
	judge(sampler, look, WORK_ORDERS, !atomic_load(&run->load_over),
	      clients_counts(run->clients).acknowledged, orders);
	judge(sampler, look, WORK_ORDER_OUTBOX, look->outbox[0] > 0, look->outbox[0], orders);
	judge(sampler, look, WORK_DELIVERY_OUTBOX, look->outbox[1] > 0, look->outbox[1],
	      deliveries);
	for (int i = 0; i < look->partition_count; i++)
		judge(sampler, look, (enum work)(WORK_PARTITION + i),
		      look->end[i] > look->position[i], look->position[i], deliveries);
}

static void *sampler_main(void *arg)
{
	struct sampler *sampler = arg;

	while (!atomic_load(&sampler->stop)) {
		sample(sampler);
		run_pause(sampler->run, BETWEEN_MS);
	}
	return NULL;
}

enum status sampler_start(struct sampler **out, struct run *run, struct error *err)
{
	struct sampler *sampler = calloc(1, sizeof(*sampler));
	char path[RUN_PATH_SIZE];

	if (!sampler)
		return error_set(err, ST_INTERNAL, "out of memory");
	sampler->run = run;
	for (size_t i = 0; i < WORK_COUNT; i++)
		standstill_init(&sampler->works[i], clock_mono_ms());
	sampler->log = fopen(run_path(run, "log/readiness.log", path), "ae");
	if (!sampler->log)
		(void)error_set(err, ST_INTERNAL, "%.200s cannot be written", path);
	else if (look_open(&sampler->looker, run, err) == ST_OK) {
		if (pthread_create(&sampler->thread, NULL, sampler_main, sampler) == 0) {
			*out = sampler;
			return ST_OK;
		}
		(void)error_set(err, ST_INTERNAL, "cannot start a thread");
	}
	look_close(sampler->looker);
	if (sampler->log)
		(void)fclose(sampler->log);
	free(sampler);
	return err->status;
}

int64_t sampler_stop(struct sampler *sampler)
{
	int64_t longest_ms;

	if (!sampler)
		return 0;
	atomic_store(&sampler->stop, true);
	(void)pthread_join(sampler->thread, NULL);
	longest_ms = sampler->longest_ms;
	look_close(sampler->looker);
	(void)fclose(sampler->log);
	free(sampler);
	return longest_ms;
}
