#include "delivery-service/work/scheduler.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "delivery-service/work/worker_pool.h"

#define SPLIT_PARTS  5    /* as the lab's "multi-threading" */
#define RUN_MAX      1000 /* as many as a batch has */
#define BEHIND_AFTER 100  /* events of an order before another of it */

struct scheduler {
	struct scheduler_settings settings;
	struct lanes *lanes;
	struct worker_pool *pool; /* NULL: work is only time, or the threads have ended */
	int64_t lane_count;       /* lanes that were given to a single event */
	bool failed;
	struct progress progress; /* of the pool; outlives it */
};

/* --- open and close ------------------------------------------------------------------------ */

static int thread_count(const struct scheduler_settings *settings)
{
	if (settings->worker_model == WORKERS_SINGLE)
		return 1;
	if (settings->workers > 0)
		return settings->workers;
	return settings->worker_model == WORKERS_SPLIT ? SPLIT_PARTS
						       : (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* How long a part may take: all threads may share one processor, and it has others to serve. */
static int64_t bound_of(const struct scheduler_settings *settings, int threads)
{
	return PROGRESS_BOUND_MS + 2 * settings->delay_ms * threads;
}

static enum status open_pool(struct scheduler *w, void (*wake)(void *context), void *context,
			     struct error *err)
{
	const int threads = thread_count(&w->settings);
	const struct worker_pool_config config = {
		.kind = w->settings.work,
		.ms = w->settings.delay_ms,
		.parts = w->settings.worker_model == WORKERS_SPLIT ? threads : 1,
		.threads = threads,
		.do_part = simulated_work_do,
		.wake = wake,
		.context = context,
		.progress = &w->progress,
	};

	progress_init(&w->progress, "workers", bound_of(&w->settings, threads));
	return w->settings.work == WORK_WAIT ? ST_OK : worker_pool_open(&w->pool, &config, err);
}

/* Called by the lanes. */
static void start_work(struct lane_item *item, void *context)
{
	struct scheduler *w = context;

	item->work = worker_pool_submit(w->pool, item);
	if (!item->work)
		w->failed = true;
}

static size_t run_max(const struct scheduler_settings *settings)
{
	return settings->in_sequence && settings->processing_order != PROCESSING_KEY ? 1 : RUN_MAX;
}

enum status scheduler_open(struct scheduler **out, const struct scheduler_settings *settings,
			   void (*wake)(void *context), void *context, struct error *err)
{
	struct scheduler *w = calloc(1, sizeof(*w));

	if (!w)
		return error_set(err, ST_INTERNAL, "out of memory");
	w->settings = *settings;
	w->lanes = lanes_open((size_t)settings->max_concurrency, run_max(settings), start_work, w);
	if (!w->lanes)
		(void)error_set(err, ST_INTERNAL, "out of memory");
	if (!w->lanes || open_pool(w, wake, context, err) != ST_OK) {
		scheduler_close(w);
		return err->status;
	}
	*out = w;
	return ST_OK;
}

void scheduler_end_threads(struct scheduler *w)
{
	worker_pool_close(w->pool);
	w->pool = NULL;
}

void scheduler_close(struct scheduler *w)
{
	if (!w)
		return;
	scheduler_end_threads(w);
	lanes_close(w->lanes);
	free(w);
}

/* --- in and out ---------------------------------------------------------------------------- */

static int64_t work_of(const struct scheduler *w, const struct event_record *record)
{
	if (!record->event || !(w->settings.delay_on & (1u << record->event->type)))
		return 0;
	return w->settings.work == WORK_WAIT ? w->settings.delay_ms : LANE_UNTIL_FINISHED;
}

/* Events of one lane are processed one after the other. Order ids are positive. */
static int64_t lane_of(struct scheduler *w, const struct event_record *record)
{
	if (w->settings.processing_order == PROCESSING_PARTITION)
		return record->at.partition;
	if (w->settings.processing_order == PROCESSING_KEY && record->event)
		return record->event->order_id;
	return -(++w->lane_count);
}

/* Some events are in work for long, and others wait behind them. */
static bool takes_time(const struct scheduler *w)
{
	return w->settings.delay_on != 0 &&
	       (w->settings.work != WORK_WAIT || w->settings.delay_ms > 0);
}

bool scheduler_add(struct scheduler *w, struct event_record *record)
{
	record->item.lane = lane_of(w, record);
	record->item.work_ms = work_of(w, record);
	if (takes_time(w))
		event_record_compact(record);
	return lanes_push(w->lanes, &record->item);
}

bool scheduler_is_behind(const struct scheduler *w, const struct event_record *record)
{
	return w->settings.processing_order == PROCESSING_KEY &&
	       record->item.before >= BEHIND_AFTER;
}

static struct event_record *record_of(struct lane_item *item)
{
	return (struct event_record *)((char *)item - offsetof(struct event_record, item));
}

struct event_record *scheduler_done(struct scheduler *w, int64_t now_mono_ms)
{
	struct lane_item *item;

	while (w->pool && (item = worker_pool_done(w->pool))) {
		item->work = NULL;
		lanes_finish(w->lanes, item);
	}
	item = lanes_pop_done(w->lanes, now_mono_ms);
	return item ? record_of(item) : NULL;
}

static bool is_of_partition(const struct lane_item *item, void *context)
{
	return record_of((struct lane_item *)item)->at.partition == *(const int32_t *)context;
}

static void drop_item(struct lane_item *item, void *context)
{
	(void)context;
	if (item->work)
		simulated_work_cancel(item->work);
	event_record_free(record_of(item));
}

void scheduler_drop(struct scheduler *w, int32_t partition)
{
	lanes_remove(w->lanes, is_of_partition, drop_item, &partition);
}

/* --- how it is ----------------------------------------------------------------------------- */

bool scheduler_failed(const struct scheduler *w)
{
	return w->failed;
}

int64_t scheduler_next_due(const struct scheduler *w)
{
	return lanes_next_due(w->lanes);
}

struct each {
	scheduler_take *take;
	void *context;
};

static void take_item(const struct lane_item *item, void *context)
{
	const struct each *each = context;
	bool timed = item->work_ms != LANE_UNTIL_FINISHED;

	each->take(each->context, record_of((struct lane_item *)item),
		   timed ? item->due_mono_ms - item->work_ms : 0, timed ? item->due_mono_ms : 0);
}

void scheduler_each_in_work(const struct scheduler *w, size_t most, scheduler_take *take,
			    void *context)
{
	struct each each = { take, context };

	lanes_each_in_work(w->lanes, most, take_item, &each);
}

size_t scheduler_in_work(const struct scheduler *w)
{
	return lanes_in_work(w->lanes);
}

size_t scheduler_waiting(const struct scheduler *w)
{
	return lanes_waiting(w->lanes);
}

struct progress *scheduler_progress(struct scheduler *w)
{
	return w->settings.work == WORK_WAIT ? NULL : &w->progress;
}
