#include "order-service/order_writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "order-service/order_queue.h"

struct order_writer {
	struct order_store *store; /* the writer thread's */
	int64_t queue_max;
	struct order_queue waiting, done;
	pthread_t writer, answerer;
	bool started;             /* they run */
	int64_t next_log_mono_ms; /* the writer thread's */
	bool got_on;              /* with the batch in progress; the writer thread's */
	_Atomic int64_t refused, overdue, errors;
	struct histogram batch_size, batch_us;
	struct progress progress;
	struct progress answers; /* of the thread that answers; idle while there are none */
};

/* Other replicas were first, again and again: ST_CONFLICT is for a command's own answer. */
static void answer_all(struct order_command **commands, size_t count, const struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		commands[i]->answer = *err;
		if (err->status == ST_CONFLICT)
			commands[i]->answer.status = ST_UNAVAILABLE;
	}
}

/* For a log line: of many, one is enough to look them up by. */
static const struct trace *first_trace(struct order_command *const *commands, size_t count)
{
	size_t i = 0;

	while (i < count && !commands[i]->trace)
		i++;
	return i < count ? commands[i]->trace : NULL;
}

static enum status store(struct order_writer *w, struct order_command **commands, size_t count,
			 int64_t *deadline, struct error *err)
{
	enum status st = order_store_apply(w->store, commands, count, deadline, err);

	/* Either way the database took what it could. */
	if (st == ST_OK || st == ST_INVALID)
		w->got_on = true;
	else
		progress_held(&w->progress, err->msg);
	if (st == ST_OK)
		return ST_OK;
	atomic_fetch_add(&w->errors, 1);
	if (log_due(&w->next_log_mono_ms, 2000))
		log_warn("writer", "batch not stored", "n=%zu status=\"%s\" error=%s%s", count,
			 status_name(st), LOG_QUOTE(err->msg),
			 TRACE_FIELD(first_trace(commands, count)));
	return st;
}

/* It concerns all that would be delivered after it. */
static bool nobody_delivers(enum status st)
{
	return st == ST_TIMEOUT || st == ST_REFUSED;
}

/* Its event was not accepted, which is our fault and not the client's. */
static void answer_one(struct order_writer *w, struct order_command **command, struct error *err)
{
	if (err->status == ST_INVALID && order_store_delivers(w->store))
		err->status = ST_REFUSED;
	answer_all(command, 1, err);
}

static void apply_each(struct order_writer *w, struct order_command **commands, size_t count,
		       int64_t *deadline)
{
	struct error err = { 0 };
	bool nobody = false;
	size_t n = 0;

	while (n < count && !nobody) {
		enum status st =
			clock_mono_ms() < *deadline
				? store(w, commands + n, 1, deadline, &err)
				: error_set(&err, ST_UNAVAILABLE, "the database takes too long");

		nobody = nobody_delivers(st);
		if (st != ST_OK)
			answer_one(w, commands + n, &err);
		n++;
	}
	answer_all(commands + n, count - n, &err);
}

/* Whether it may be the fault of one command: it is not where nobody was there to take them. */
static bool concerns_one(enum status st)
{
	return st != ST_OK && st != ST_UNAVAILABLE && !nobody_delivers(st);
}

static void apply(struct order_writer *w, struct order_command **commands, size_t count)
{
	int64_t deadline = clock_mono_ms() + ORDER_WRITER_BATCH_MS;
	struct error err;
	enum status st = store(w, commands, count, &deadline, &err);

	/* If one command's data is at fault, only that one may fail. */
	if (concerns_one(st) && count > 1)
		apply_each(w, commands, count, &deadline);
	else if (st != ST_OK && count == 1)
		answer_one(w, commands, &err);
	else if (st != ST_OK)
		answer_all(commands, count, &err);
}

/* The first of the commands have waited longest. Returns how many waited too long: they are
 * answered, and nothing was done. */
static size_t refuse_overdue(struct order_writer *w, struct order_command **commands, size_t count)
{
	int64_t overdue = clock_mono_ms() - ORDER_WRITER_QUEUE_MS;
	size_t n = 0;

	while (n < count && commands[n]->submitted_mono_ms < overdue) {
		(void)error_set(&commands[n]->answer, ST_UNAVAILABLE,
				"the database takes too long; nothing was done");
		n++;
	}
	if (n > 0)
		atomic_fetch_add(&w->overdue, (int64_t)n);
	return n;
}

/* After a batch that failed, nobody knows whether the next one would. */
static size_t take(struct order_writer *w, struct order_command **commands)
{
	if (!w->got_on && !order_queue_wait(&w->waiting, ORDER_WRITER_QUIET_MS))
		progress_idle(&w->progress);
	return order_queue_take(&w->waiting, commands, ORDER_BATCH_MAX);
}

bool order_writer_step(struct order_writer *w)
{
	struct order_command *commands[ORDER_BATCH_MAX];
	size_t n = take(w, commands);
	int64_t started;
	size_t overdue;

	if (n == 0) {
		order_queue_close(&w->done);
		return false;
	}
	progress_begin(&w->progress);
	/* A delivery may take as long as a setting says. */
	if (!order_store_delivers(w->store))
		progress_turned(&w->progress);
	w->got_on = false;
	started = clock_mono_us();
	overdue = refuse_overdue(w, commands, n);
	if (overdue < n)
		apply(w, commands + overdue, n - overdue);
	if (w->got_on)
		progress_idle(&w->progress);
	histogram_observe(&w->batch_size, (int64_t)n);
	histogram_observe(&w->batch_us, clock_mono_us() - started);
	(void)order_queue_put(&w->done, commands, n, INT64_MAX);
	return true;
}

bool order_writer_answer(struct order_writer *w)
{
	struct order_command *commands[ORDER_BATCH_MAX];
	size_t n = order_queue_take(&w->done, commands, ORDER_BATCH_MAX);

	progress_begin(&w->answers);
	progress_turned(&w->answers);
	for (size_t i = 0; i < n; i++)
		commands[i]->answered(commands[i]);
	progress_idle(&w->answers);
	return n > 0;
}

/* --- open and close ------------------------------------------------------------------------ */

static void *writer_main(void *w)
{
	while (order_writer_step(w))
		;
	return NULL;
}

/* A thread of its own, so that the next batch is written at the same time. */
static void *answerer_main(void *w)
{
	while (order_writer_answer(w))
		;
	return NULL;
}

enum status order_writer_start(struct order_writer *w, struct error *err)
{
	if (pthread_create(&w->answerer, NULL, answerer_main, w) != 0)
		return error_set(err, ST_INTERNAL, "cannot start the writer's threads");
	w->started = pthread_create(&w->writer, NULL, writer_main, w) == 0;
	if (w->started)
		return ST_OK;
	order_queue_close(&w->done);
	(void)pthread_join(w->answerer, NULL);
	return error_set(err, ST_INTERNAL, "cannot start the writer's threads");
}

enum status order_writer_open(struct order_writer **out, struct order_store *store,
			      int64_t queue_max, struct error *err)
{
	struct order_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return error_set(err, ST_INTERNAL, "out of memory");
	w->store = store;
	w->queue_max = queue_max;
	w->got_on = true;
	w->batch_size.first = 1;
	w->batch_us.first = 64;
	progress_init(&w->progress, "writer", PROGRESS_BOUND_MS);
	progress_idle(&w->progress);
	progress_init(&w->answers, "answers", PROGRESS_BOUND_MS);
	progress_idle(&w->answers);
	order_queue_init(&w->waiting);
	order_queue_init(&w->done);
	*out = w;
	return ST_OK;
}

void order_writer_close(struct order_writer *w)
{
	if (!w)
		return;
	order_queue_close(&w->waiting);
	if (w->started) {
		(void)pthread_join(w->writer, NULL);
		(void)pthread_join(w->answerer, NULL);
	}
	order_store_close(w->store);
	order_queue_fini(&w->waiting);
	order_queue_fini(&w->done);
	progress_fini(&w->progress);
	progress_fini(&w->answers);
	free(w);
}

void order_writer_submit(struct order_writer *w, struct order_command *command)
{
	command->submitted_mono_ms = clock_mono_ms();
	if (order_queue_put(&w->waiting, &command, 1, w->queue_max))
		return;
	atomic_fetch_add(&w->refused, 1);
	(void)error_set(&command->answer, ST_UNAVAILABLE, "too many requests are waiting");
	command->answered(command);
}

struct progress *order_writer_progress(struct order_writer *w)
{
	return w ? &w->progress : NULL;
}

struct progress *order_writer_answers(struct order_writer *w)
{
	return w ? &w->answers : NULL;
}

void order_writer_metrics(struct order_writer *w, struct metrics_out *out)
{
	metrics_one(out, "order_queue_depth", "gauge", "Commands that wait for the writer.",
		    order_queue_count(&w->waiting));
	metrics_one(out, "order_queue_refused_total", "counter",
		    "Commands refused by a full queue.", atomic_load(&w->refused));
	metrics_one(out, "order_queue_overdue_total", "counter",
		    "Commands refused because they had waited too long for the writer.",
		    atomic_load(&w->overdue));
	metrics_one(out, "order_write_errors_total", "counter", "Transactions that failed.",
		    atomic_load(&w->errors));
	histogram_write(out, &w->batch_size, "order_batch_commands", "Commands per transaction.",
			1);
	histogram_write(out, &w->batch_us, "order_batch_duration_seconds",
			"Time of one transaction.", 1e6);
}
