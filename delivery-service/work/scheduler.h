/*
 * The events that a replica has received and not yet done: which of them wait for each other, how
 * many are in progress at once, and what that work is, time or a thread's.
 *
 * Items belong to the scheduler from add until they come back done or are dropped. Work that was
 * interrupted is dropped: the partition's next owner does it again.
 *
 * Threads: one owner; wake is called on the threads that work, and may not call the scheduler.
 */
#ifndef DELIVERY_SERVICE_WORK_SCHEDULER_H
#define DELIVERY_SERVICE_WORK_SCHEDULER_H

#include "common/base/error.h"
#include "delivery-service/core/event_record.h"
#include "delivery-service/work/simulated_work.h"

/* Which events wait for each other: those of a partition, of an order, or none. */
enum processing_order { PROCESSING_PARTITION, PROCESSING_KEY, PROCESSING_UNORDERED };

/* How threads share the work: an event each, one thread for all events, or an event in equal parts.
 */
enum worker_model { WORKERS_POOL, WORKERS_SINGLE, WORKERS_SPLIT };

struct scheduler_settings {
	int64_t delay_ms;  /* the simulated work ... */
	unsigned delay_on; /* ... of the types whose bit (1 << enum event_type) is set */
	enum simulated_work_kind work;
	/* Of threads, unless the work only takes time. workers is ignored by WORKERS_SINGLE; 0: one
	 * per processor, with WORKERS_SPLIT 5. */
	enum worker_model worker_model;
	int workers;
	enum processing_order processing_order;
	int64_t max_concurrency; /* events in work at once */
	/* SEQUENCING=enforce: partitions may share an order's events, and take turns event by event
	 * then, or more of them would be parked. Else events without work that wait together are
	 * done together. */
	bool in_sequence;
};

struct scheduler;

/* wake(context): a thread has done some work, so scheduler_done has something. ST_INTERNAL: no
 * memory, or no threads. */
MUST_CHECK enum status scheduler_open(struct scheduler **out,
				      const struct scheduler_settings *settings,
				      void (*wake)(void *context), void *context,
				      struct error *err);

/* Both after all items are back or dropped. Once the threads have ended nobody calls wake any more;
 * close ends them too. */
void scheduler_end_threads(struct scheduler *scheduler);
void scheduler_close(struct scheduler *scheduler);

/* Takes over record, and compacts it where events wait for long. False: out of memory, record stays
 * the caller's. */
MUST_CHECK bool scheduler_add(struct scheduler *scheduler, struct event_record *record);

/*
 * True: so many of its order wait before record, which was added, that it should take no room from
 * the other orders of its partition. Only with PROCESSING_KEY: else the others wait for it too.
 */
bool scheduler_is_behind(const struct scheduler *scheduler, const struct event_record *record);

/* The next whose work is done at now, the caller's again; NULL: none. */
struct event_record *scheduler_done(struct scheduler *scheduler, int64_t now_mono_ms);

/* Drops and frees a partition's items, those in work too. */
void scheduler_drop(struct scheduler *scheduler, int32_t partition);

/* True: memory ran out as work began, so an item will never be done. */
bool scheduler_failed(const struct scheduler *scheduler);

/* When scheduler_done has the next; as lanes_next_due. */
int64_t scheduler_next_due(const struct scheduler *scheduler);

/* Whether the threads that work get on; NULL: there are none, work is only time. */
struct progress *scheduler_progress(struct scheduler *scheduler);

/* Calls take for events in work, up to most of them; a time of 0 is not known: a thread works. */
typedef void scheduler_take(void *context, const struct event_record *record, int64_t since_mono_ms,
			    int64_t due_mono_ms);
void scheduler_each_in_work(const struct scheduler *scheduler, size_t most, scheduler_take *take,
			    void *context);

size_t scheduler_in_work(const struct scheduler *scheduler);
size_t scheduler_waiting(const struct scheduler *scheduler); /* all items, those in work too */

#endif
