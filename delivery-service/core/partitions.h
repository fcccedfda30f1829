/*
 * The partitions this replica owns, how far each is, and which of its events are in flight. Pure.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_PARTITIONS_H
#define DELIVERY_SERVICE_CORE_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery-service/core/event_record.h"
#include "delivery-service/core/offset_tracker.h"

/*
 * The fencing token of an assignment. Each claim raises the epoch and draws the number at random. A
 * database that has forgotten a claim gives its epoch to the next one. The number tells the two
 * apart.
 */
struct partition_claim {
	int64_t epoch, number;
};

/* What a write in progress covers; the partition grows on in that time. */
struct partition_sent {
	struct event_record *last; /* the latest event, if the write has it, and its end then */
	int64_t last_end;
	int64_t skipped_end;
};

/* A log went back: to this offset, where that one was to come. */
struct log_return {
	int64_t from, to;
};

struct partition_load {
	size_t events, bytes;
};

/* What an event of an earlier lap than these does is cut at these only: if its offsets come again
 * from before, they count as done too early. */
#define PARTITION_LAPS 16

struct partition {
	int32_t number;
	struct partition_claim claim;
	struct offset_tracker tracker; /* as the database has it; owned */
	int64_t next_read;             /* the next message to be received */
	struct event_record *last;     /* the latest received, until it is written; borrowed */
	/* Offsets that needed no work and follow no event in flight. While there is no latest one,
	 * they go up to next_read. */
	struct offset_range skipped_range;
	struct partition_sent sent;
	size_t unwritten;                /* events that were received and are not written */
	struct partition_load in_flight; /* received, their work not done yet, but for ... */
	struct partition_load behind;    /* ... those that wait behind many of their own order */
	bool paused;
	struct log_return returned;   /* the latest time that its log went back; both 0: never */
	int32_t lap;                  /* how often it was read on then */
	int64_t laps[PARTITION_LAPS]; /* where the latest of these began, by number modulo */
	bool went_back; /* its log: nothing is received until it restarts, from there or ... */
	bool replaced;  /* ... from the beginning, since it is another log */
	bool rewinds;   /* the database was asked to go back: it may have */
	int64_t reclaim_at_mono_ms; /* not 0: fenced; nothing is done for it until it is
				       reclaimed */
	int64_t refused_mono_ms;    /* the database refused that first; 0: it did not */
	bool unexplained;           /* it did not say why the partition is fenced */
};

/* What is known of a partition by its number. */
struct partition_place {
	uint32_t index;                   /* one more than that in list; 0: it is not ours */
	bool removed;                     /* at least once */
	int64_t epoch, position, commits; /* when it was last removed */
};

struct partitions {
	struct partition *list; /* owned */
	size_t count, capacity;
	struct partition_place *places; /* owned; by number */
	size_t place_count;
};

void partitions_fini(struct partitions *ps);

/* NULL: not ours. Valid until the next add or remove. */
struct partition *partitions_find(const struct partitions *ps, int32_t number);

/* Adds it, or restarts it, at the position of tracker (taken over). NULL: out of memory. */
struct partition *partitions_add(struct partitions *ps, int32_t number,
				 struct partition_claim claim, struct offset_tracker *tracker);
void partitions_remove(struct partitions *ps, int32_t number);

/* What it was when it was last removed; NULL: it never was. Valid until the next add. */
const struct partition_place *partitions_past(const struct partitions *ps, int32_t number);

/*
 * The offsets from next_read to end - 1 need no work: messages for others, what was done before,
 * holes in the log. They share the fate of the event before them, so that they do not become
 * ranges of their own in the database.
 */
void partition_skip(struct partition *p, int64_t end);

/* True if something was skipped that is not written yet: of one, of any. */
bool partition_skipped(const struct partition *p);
bool partitions_skipped(const struct partitions *ps);

/* record was received at next_read. */
void partition_enqueue(struct partition *p, struct event_record *record);
/* record waits behind many events of its order: it takes no room from the other orders. */
void partition_wait_behind(struct partition *p, struct event_record *record);
/*
 * Whether no more should be received: so many events are in flight, or so many behind, or as much
 * memory as that takes. Once paused it is full down to the half, so that it does not flutter.
 */
bool partition_is_full(const struct partition *p, size_t in_flight_max, size_t behind_max);
/* Its work is done, it has yet to be written. */
void partition_done(struct partition *p, const struct event_record *record);
/* A write begins, with what was skipped, and with the latest event if that is in it (NULL: not).
 * One that has failed is forgotten by the next. */
void partition_send(struct partition *p, struct event_record *last);
/* It is committed. What was skipped since the send is to be written next. */
void partition_committed(struct partition *p);
/* One of its events is. */
void partition_written(struct partition *p);
/*
 * Its log went back to offset, and is read on from there. Nothing from offset on is done any more:
 * not in the database, and not by what is in flight, which goes on. No write is in progress, and
 * nothing is skipped that is not written.
 */
void partition_read_on(struct partition *p, int64_t offset);
/* The offsets that are done when record is; none: both are -1. */
struct offset_range partition_range_of(const struct partition *p,
				       const struct event_record *record);
/* Nothing of it is in flight any more. */
void partition_reset(struct partition *p);

#endif
