#include "order-service/order_writer.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"

/* A submitted command, on its HTTP thread's stack. */
struct ticket {
	struct order_command *command;
	struct ticket *next;
	sem_t answered; /* of its own: threads that wake up need no lock, and meet nobody */
};

struct order_writer {
	struct order_store *store; /* the writer thread's */
	pthread_t thread;
	pthread_mutex_t mu;
	pthread_cond_t work;         /* with mu: the queue is not empty, or stopping */
	struct ticket *first, **end; /* guarded by mu: FIFO */
	int64_t queued;              /* guarded by mu */
	int64_t queue_max;
	bool stopping; /* guarded by mu */
	int64_t next_complaint_mono_ms;
	_Atomic int64_t refused, errors;
	struct histogram batch_size, batch_us;
};

/* Waits for tickets and takes up to ORDER_BATCH_MAX of them. 0: stopping and nothing is left. */
static size_t take_batch(struct order_writer *w, struct ticket *tickets[ORDER_BATCH_MAX])
{
	size_t n = 0;

	(void)pthread_mutex_lock(&w->mu);
	while (!w->first && !w->stopping)
		(void)pthread_cond_wait(&w->work, &w->mu);
	while (w->first && n < ORDER_BATCH_MAX) {
		tickets[n++] = w->first;
		w->first = w->first->next;
	}
	if (!w->first)
		w->end = &w->first;
	w->queued -= (int64_t)n;
	(void)pthread_mutex_unlock(&w->mu);
	return n;
}

static void answer_all(struct order_command **commands, size_t count, const struct error *err)
{
	for (size_t i = 0; i < count; i++)
		commands[i]->answer = *err;
}

static void apply(struct order_writer *w, struct order_command **commands, size_t count)
{
	struct error err;
	enum status st = order_store_apply(w->store, commands, count, &err);

	if (st == ST_OK)
		return;
	atomic_fetch_add(&w->errors, 1);
	if (log_due(&w->next_complaint_mono_ms, 2000))
		log_warn("writer", "batch not stored", "n=%zu status=\"%s\" error=%s", count,
			 status_name(st), LOG_QUOTE(err.msg));
	/* If one command's data is at fault, only that one may fail. */
	if (st != ST_UNAVAILABLE && count > 1) {
		for (size_t i = 0; i < count; i++)
			apply(w, commands + i, 1);
		return;
	}
	answer_all(commands, count, &err);
}

static void *writer_main(void *arg)
{
	struct order_writer *w = arg;
	struct ticket *tickets[ORDER_BATCH_MAX];
	struct order_command *commands[ORDER_BATCH_MAX];
	size_t n;

	while ((n = take_batch(w, tickets)) > 0) {
		int64_t started = clock_mono_us();

		for (size_t i = 0; i < n; i++)
			commands[i] = tickets[i]->command;
		apply(w, commands, n);
		histogram_observe(&w->batch_size, (int64_t)n);
		histogram_observe(&w->batch_us, clock_mono_us() - started);
		for (size_t i = 0; i < n; i++)
			(void)sem_post(&tickets[i]->answered);
	}
	return NULL;
}

enum status order_writer_open(struct order_writer **out, struct order_store *store,
			      int64_t queue_max, struct error *err)
{
	struct order_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return error_set(err, ST_INTERNAL, "out of memory");
	w->store = store;
	w->queue_max = queue_max;
	w->batch_size.first = 1;
	w->batch_us.first = 64;
	w->end = &w->first;
	(void)pthread_mutex_init(&w->mu, NULL);
	(void)pthread_cond_init(&w->work, NULL);
	if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
		free(w);
		return error_set(err, ST_INTERNAL, "cannot start the writer's thread");
	}
	*out = w;
	return ST_OK;
}

void order_writer_close(struct order_writer *w)
{
	if (!w)
		return;
	(void)pthread_mutex_lock(&w->mu);
	w->stopping = true;
	(void)pthread_cond_signal(&w->work);
	(void)pthread_mutex_unlock(&w->mu);
	(void)pthread_join(w->thread, NULL);
	order_store_close(w->store);
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_mutex_destroy(&w->mu);
	free(w);
}

/* False: the queue is full. */
static bool enqueue(struct order_writer *w, struct ticket *ticket)
{
	bool was_empty, room;

	(void)pthread_mutex_lock(&w->mu);
	was_empty = !w->first;
	room = w->queued < w->queue_max;
	if (room) {
		*w->end = ticket;
		w->end = &ticket->next;
		w->queued++;
	}
	(void)pthread_mutex_unlock(&w->mu);
	if (was_empty)
		(void)pthread_cond_signal(&w->work);
	return room;
}

void order_writer_submit(struct order_writer *w, struct order_command *command)
{
	struct ticket ticket = { .command = command };

	(void)sem_init(&ticket.answered, 0, 0);
	if (enqueue(w, &ticket)) {
		while (sem_wait(&ticket.answered) != 0)
			; /* interrupted */
	} else {
		atomic_fetch_add(&w->refused, 1);
		(void)error_set(&command->answer, ST_UNAVAILABLE, "too many requests are waiting");
	}
	(void)sem_destroy(&ticket.answered);
}

void order_writer_metrics(struct order_writer *w, struct metrics_out *out)
{
	int64_t queued;

	(void)pthread_mutex_lock(&w->mu);
	queued = w->queued;
	(void)pthread_mutex_unlock(&w->mu);
	metrics_one(out, "order_queue_depth", "gauge", "Commands that wait for the writer.",
		    queued);
	metrics_one(out, "order_queue_refused_total", "counter",
		    "Commands refused by a full queue.", atomic_load(&w->refused));
	metrics_one(out, "order_write_errors_total", "counter", "Transactions that failed.",
		    atomic_load(&w->errors));
	histogram_write(out, &w->batch_size, "order_batch_commands", "Commands per transaction.",
			1);
	histogram_write(out, &w->batch_us, "order_batch_duration_seconds",
			"Time of one transaction.", 1e6);
}
