#include "delivery-service/core/lanes.h"

#include <assert.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct lane {
	int64_t id;
	struct lane_item *head, **end; /* FIFO; a lane without items does not exist */
	struct lane *next_ready;
	size_t at;    /* in the heap, while in work */
	size_t items; /* in it */
	size_t run;   /* items that came out in its turn */
	UT_hash_handle hh;
};

/*
 * A lane is ready (its head may start), in work (its head's due time is in the heap), or running
 * (its head needs no work and comes out next).
 */
struct lanes {
	struct lane *by_id; /* hash */
	struct lane *ready, **ready_end;
	struct lane **heap;   /* lanes in work, the earliest due first; room for max_concurrency */
	struct lane *running; /* NULL: none */
	size_t in_work, max_concurrency, run_max, items;
	lanes_started *started;
	void *context;
};

struct lanes *lanes_open(size_t max_concurrency, size_t run_max, lanes_started *started,
			 void *context)
{
	struct lanes *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->ready_end = &l->ready;
	l->max_concurrency = max_concurrency;
	l->run_max = run_max;
	l->started = started;
	l->context = context;
	l->heap = calloc(max_concurrency, sizeof(struct lane *));
	if (!l->heap) {
		free(l);
		return NULL;
	}
	return l;
}

static void delete_lane(struct lanes *l, struct lane *lane)
{
	HASH_DEL(l->by_id, lane);
	free(lane);
}

void lanes_close(struct lanes *l)
{
	struct lane *lane = NULL, *tmp = NULL;

	if (!l)
		return;
	/* cppcheck-suppress uninitvar ; it does not see what HASH_ITER assigns */
	HASH_ITER (hh, l->by_id, lane, tmp) {
		delete_lane(l, lane);
	}
	free(l->heap);
	free(l);
}

/* --- the heap of due times ----------------------------------------------------------------- */

static int64_t due(const struct lane *lane)
{
	return lane->head->due_mono_ms;
}

static void heap_put(struct lanes *l, size_t at, struct lane *lane)
{
	l->heap[at] = lane;
	lane->at = at;
}

/* Puts lane at an index that is free, or above it. */
static void heap_rise(struct lanes *l, size_t at, struct lane *lane)
{
	for (; at > 0 && due(l->heap[(at - 1) / 2]) > due(lane); at = (at - 1) / 2)
		heap_put(l, at, l->heap[(at - 1) / 2]);
	heap_put(l, at, lane);
}

static void heap_push(struct lanes *l, struct lane *lane)
{
	heap_rise(l, l->in_work++, lane);
}

static struct lane *heap_pop(struct lanes *l)
{
	struct lane *first = l->heap[0], *last = l->heap[--l->in_work];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < l->in_work) {
		if (child + 1 < l->in_work && due(l->heap[child + 1]) < due(l->heap[child]))
			child++;
		if (due(last) <= due(l->heap[child]))
			break;
		heap_put(l, at, l->heap[child]);
		at = child;
	}
	heap_put(l, at, last);
	return first;
}

/* --- lanes --------------------------------------------------------------------------------- */

static void make_ready(struct lanes *l, struct lane *lane)
{
	lane->next_ready = NULL;
	*l->ready_end = lane;
	l->ready_end = &lane->next_ready;
}

static struct lane *take_ready(struct lanes *l)
{
	struct lane *lane = l->ready;

	l->ready = lane->next_ready;
	if (!l->ready)
		l->ready_end = &l->ready;
	return lane;
}

static struct lane *add_lane(struct lanes *l, int64_t id)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	struct lane *found = NULL;

	if (!lane)
		return NULL;
	lane->id = id;
	lane->end = &lane->head;
	HASH_ADD(hh, l->by_id, id, sizeof(lane->id), lane);
	HASH_FIND(hh, l->by_id, &id, sizeof(id), found);
	if (!found) {
		free(lane);
		return NULL;
	}
	make_ready(l, lane);
	return lane;
}

bool lanes_push(struct lanes *l, struct lane_item *item)
{
	struct lane *lane = NULL;

	HASH_FIND(hh, l->by_id, &item->lane, sizeof(item->lane), lane);
	if (!lane)
		lane = add_lane(l, item->lane);
	if (!lane)
		return false;
	item->next = NULL;
	item->before = lane->items++;
	*lane->end = item;
	lane->end = &item->next;
	l->items++;
	return true;
}

/* The running lane keeps its place. */
static bool has_place(const struct lanes *l)
{
	return l->in_work + (l->running != NULL) < l->max_concurrency;
}

static void start_ready(struct lanes *l, int64_t now)
{
	while (l->ready && has_place(l)) {
		struct lane *lane = take_ready(l);
		struct lane_item *item = lane->head;
		bool open_end = item->work_ms == LANE_UNTIL_FINISHED;

		item->due_mono_ms = open_end ? INT64_MAX : now + item->work_ms;
		heap_push(l, lane);
		if (open_end)
			l->started(item, l->context);
	}
}

void lanes_finish(struct lanes *l, const struct lane_item *item)
{
	struct lane *lane = NULL;

	HASH_FIND(hh, l->by_id, &item->lane, sizeof(item->lane), lane);
	assert(lane); /* item is in it */
	lane->head->due_mono_ms = INT64_MIN;
	heap_rise(l, lane->at, lane);
}

/* Whose item comes out now; NULL: none is done. */
static struct lane *next_lane(struct lanes *l, int64_t now)
{
	struct lane *lane = l->running;

	start_ready(l, now);
	l->running = NULL;
	if (lane)
		return lane;
	return l->in_work > 0 && due(l->heap[0]) <= now ? heap_pop(l) : NULL;
}

/* One of its items came out. */
static void go_on(struct lanes *l, struct lane *lane)
{
	if (!lane->head) {
		delete_lane(l, lane);
	} else if (lane->head->work_ms == 0 && ++lane->run < l->run_max) {
		l->running = lane;
	} else {
		lane->run = 0;
		make_ready(l, lane);
	}
}

struct lane_item *lanes_pop_done(struct lanes *l, int64_t now)
{
	struct lane *lane = next_lane(l, now);
	struct lane_item *item;

	if (!lane)
		return NULL;
	item = lane->head;
	lane->head = item->next;
	lane->items--;
	l->items--;
	go_on(l, lane);
	return item;
}

int64_t lanes_next_due(const struct lanes *l)
{
	if (l->running || (l->ready && l->in_work < l->max_concurrency))
		return INT64_MIN;
	return l->in_work > 0 ? due(l->heap[0]) : INT64_MAX;
}

/* Takes matching items out of one lane. True: its head, which may be in work, is another now. */
static bool filter_lane(struct lanes *l, struct lane *lane,
			bool (*match)(const struct lane_item *, void *),
			void (*drop)(struct lane_item *, void *), void *context)
{
	struct lane_item *head = lane->head;
	struct lane_item **at = &lane->head;

	while (*at) {
		struct lane_item *item = *at;

		if (!match(item, context)) {
			at = &item->next;
			continue;
		}
		*at = item->next;
		lane->items--;
		l->items--;
		drop(item, context);
	}
	lane->end = at;
	return lane->head != head;
}

/* Its turn goes on when the others had theirs. */
static void end_run(struct lanes *l)
{
	if (!l->running)
		return;
	l->running->run = 0;
	make_ready(l, l->running);
	l->running = NULL;
}

void lanes_remove(struct lanes *l, bool (*match)(const struct lane_item *, void *context),
		  void (*drop)(struct lane_item *, void *context), void *context)
{
	struct lane *ready, *next;
	size_t in_work = l->in_work, kept = 0;

	end_run(l);
	ready = l->ready;
	/* Those in work whose head stays keep their slot and due time; the others line up last. */
	l->ready = NULL;
	l->ready_end = &l->ready;
	for (; ready; ready = next) {
		next = ready->next_ready;
		(void)filter_lane(l, ready, match, drop, context);
		if (ready->head)
			make_ready(l, ready);
		else
			delete_lane(l, ready);
	}
	l->in_work = 0;
	for (size_t i = 0; i < in_work; i++) {
		struct lane *lane = l->heap[i];

		if (!filter_lane(l, lane, match, drop, context))
			l->heap[kept++] = lane;
		else if (lane->head)
			make_ready(l, lane);
		else
			delete_lane(l, lane);
	}
	for (size_t i = 0; i < kept; i++)
		heap_push(l, l->heap[i]); /* writes at or before i: what it overwrites was read */
}

void lanes_each_in_work(const struct lanes *l, size_t most,
			void (*take)(const struct lane_item *, void *context), void *context)
{
	for (size_t i = 0; i < l->in_work && i < most; i++)
		take(l->heap[i]->head, context);
}

size_t lanes_in_work(const struct lanes *l)
{
	return l->in_work;
}

size_t lanes_waiting(const struct lanes *l)
{
	return l->items;
}
