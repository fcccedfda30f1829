#include "delivery-service/work/in_flight.h"

#include "common/runtime/clock.h"

#define LOOK_MS 200

void in_flight_init(struct in_flight *f)
{
	*f = (struct in_flight){ 0 };
	(void)pthread_mutex_init(&f->mu, NULL);
}

void in_flight_fini(struct in_flight *f)
{
	(void)pthread_mutex_destroy(&f->mu);
}

struct look {
	struct in_flight_view *view;
	int64_t wall_minus_mono_ms;
};

static void add_event(void *context, const struct event_record *record, int64_t since_mono_ms,
		      int64_t due_mono_ms)
{
	const struct look *look = context;
	struct in_flight_view *view = look->view;
	struct in_flight_event *e = &view->events[view->event_count++];

	*e = (struct in_flight_event){ .at = record->at, .type = record->type };
	event_record_identity(record, &e->order_id, &e->version);
	if (since_mono_ms > 0)
		e->since_wall_ms = since_mono_ms + look->wall_minus_mono_ms;
	if (due_mono_ms > 0)
		e->due_wall_ms = due_mono_ms + look->wall_minus_mono_ms;
}

static void add_partition(struct in_flight_view *view, const struct partition *p)
{
	view->partitions[view->partition_count++] =
		(struct in_flight_partition){ .number = p->number,
					      .epoch = p->claim.epoch,
					      .position = p->tracker.next,
					      .next_read = p->next_read,
					      .paused = p->paused };
}

static void look(struct in_flight_view *view, const struct scheduler *scheduler,
		 const struct partitions *partitions)
{
	struct look look = { view, clock_wall_ms() - clock_mono_ms() };

	view->at_wall_ms = clock_wall_ms();
	view->event_count = view->partition_count = 0;
	view->in_work = scheduler_in_work(scheduler);
	view->waiting = scheduler_waiting(scheduler);
	view->owned = partitions->count;
	scheduler_each_in_work(scheduler, IN_FLIGHT_EVENTS, add_event, &look);
	for (size_t i = 0; i < partitions->count && i < IN_FLIGHT_PARTITIONS; i++)
		add_partition(view, &partitions->list[i]);
}

void in_flight_look(struct in_flight *f, const struct scheduler *scheduler,
		    const struct partitions *partitions)
{
	if (clock_mono_ms() < f->next_look_mono_ms)
		return;
	f->next_look_mono_ms = clock_mono_ms() + LOOK_MS;
	(void)pthread_mutex_lock(&f->mu);
	look(&f->view, scheduler, partitions);
	(void)pthread_mutex_unlock(&f->mu);
}

void in_flight_read(struct in_flight *f, struct in_flight_view *view)
{
	(void)pthread_mutex_lock(&f->mu);
	*view = f->view;
	(void)pthread_mutex_unlock(&f->mu);
}
