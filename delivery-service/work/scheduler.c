#include "delivery-service/work/scheduler.h"

#include <stdlib.h>
#include <unistd.h>

#include "delivery-service/work/worker_pool.h"

#define SPLIT_PARTS 5 /* as the lab's "multi-threading" */

struct workload {
	struct workload_settings settings;
	struct lanes *lanes;
	struct work_pool *pool; /* NULL: work is only time, or the threads have ended */
	int64_t lane_count;     /* lanes that were given to a single event */
	bool failed;
};

/* --- open and close ------------------------------------------------------------------------ */

static int thread_count(const struct workload_settings *settings)
{
	if (settings->worker_model == WORKERS_SINGLE)
		return 1;
	if (settings->workers > 0)
		return settings->workers;
	return settings->worker_model == WORKERS_SPLIT ? SPLIT_PARTS
						       : (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static enum status open_pool(struct workload *w, void (*wake)(void *context), void *context,
			     struct error *err)
{
	const int threads = thread_count(&w->settings);
	const struct work_pool_config config = {
		.kind = w->settings.work,
		.ms = w->settings.delay_ms,
		.parts = w->settings.worker_model == WORKERS_SPLIT ? threads : 1,
		.threads = threads,
		.do_part = work_do,
		.wake = wake,
		.context = context,
	};

	return w->settings.work == WORK_WAIT ? ST_OK : work_pool_open(&w->pool, &config, err);
}

/* Called by the lanes. */
static void start_work(struct lane_item *item, void *context)
{
	struct inbound *in = (struct inbound *)item;
	struct workload *w = context;

	in->work = work_pool_submit(w->pool, in);
	if (!in->work)
		w->failed = true;
}

enum status workload_open(struct workload **out, const struct workload_settings *settings,
			  void (*wake)(void *context), void *context, struct error *err)
{
	struct workload *w = calloc(1, sizeof(*w));

	if (!w)
		return error_set(err, ST_INTERNAL, "out of memory");
	w->settings = *settings;
	w->lanes = lanes_open((size_t)settings->max_concurrency, start_work, w);
	if (!w->lanes)
		(void)error_set(err, ST_INTERNAL, "out of memory");
	if (!w->lanes || open_pool(w, wake, context, err) != ST_OK) {
		workload_close(w);
		return err->status;
	}
	*out = w;
	return ST_OK;
}

void workload_end_threads(struct workload *w)
{
	work_pool_close(w->pool);
	w->pool = NULL;
}

void workload_close(struct workload *w)
{
	if (!w)
		return;
	workload_end_threads(w);
	lanes_close(w->lanes);
	free(w);
}

/* --- in and out ---------------------------------------------------------------------------- */

static int64_t work_of(const struct workload *w, const struct inbound *in)
{
	if (!in->event || !(w->settings.delay_on & (1u << in->event->type)))
		return 0;
	return w->settings.work == WORK_WAIT ? w->settings.delay_ms : LANE_UNTIL_FINISHED;
}

/* Events of one lane are worked one after the other. Order ids are positive. */
static int64_t lane_of(struct workload *w, const struct inbound *in)
{
	if (w->settings.processing_order == PROCESSING_PARTITION)
		return in->place.partition;
	if (w->settings.processing_order == PROCESSING_KEY && in->event)
		return in->event->order_id;
	return -(++w->lane_count);
}

bool workload_add(struct workload *w, struct inbound *in)
{
	in->item.lane = lane_of(w, in);
	in->item.work_ms = work_of(w, in);
	return lanes_push(w->lanes, &in->item);
}

struct inbound *workload_done(struct workload *w, int64_t now_mono_ms)
{
	struct inbound *in;

	while (w->pool && (in = work_pool_done(w->pool))) {
		in->work = NULL;
		lanes_finish(w->lanes, &in->item);
	}
	return (struct inbound *)lanes_pop_done(w->lanes, now_mono_ms);
}

static bool of_partition(const struct lane_item *item, void *context)
{
	return ((const struct inbound *)item)->place.partition == *(const int32_t *)context;
}

static void drop_item(struct lane_item *item, void *context)
{
	struct inbound *in = (struct inbound *)item;

	(void)context;
	if (in->work)
		work_cancel(in->work);
	inbound_free(in);
}

void workload_drop(struct workload *w, int32_t partition)
{
	lanes_remove(w->lanes, of_partition, drop_item, &partition);
}

/* --- how it is ----------------------------------------------------------------------------- */

bool workload_failed(const struct workload *w)
{
	return w->failed;
}

bool workload_takes_time(const struct workload *w)
{
	return w->settings.delay_on != 0 &&
	       (w->settings.work != WORK_WAIT || w->settings.delay_ms > 0);
}

int64_t workload_next_due(const struct workload *w)
{
	return lanes_next_due(w->lanes);
}

size_t workload_in_work(const struct workload *w)
{
	return lanes_in_work(w->lanes);
}

size_t workload_waiting(const struct workload *w)
{
	return lanes_waiting(w->lanes);
}
