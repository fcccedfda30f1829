/*
 * What a replica is at: the partitions that it owns and the events that are in work now. The loop
 * looks a few times a second; anybody may read what it saw last.
 *
 * Threads: in_flight_look the delivery loop's; init and fini around all others; in_flight_read any.
 */
#ifndef DELIVERY_SERVICE_WORK_IN_FLIGHT_H
#define DELIVERY_SERVICE_WORK_IN_FLIGHT_H

#include <pthread.h>

#include "delivery-service/core/partitions.h"
#include "delivery-service/work/scheduler.h"

#define IN_FLIGHT_EVENTS     50 /* some of them; more are only counted */
#define IN_FLIGHT_PARTITIONS 200

struct in_flight_event {
	struct topic_offset at;
	int64_t order_id; /* 0: not known, a dead letter */
	int32_t version;
	enum event_type type;
	int64_t since_wall_ms;
	int64_t due_wall_ms; /* 0: not known, a thread works on it */
};

struct in_flight_partition {
	int32_t number;
	int64_t epoch, position, next_read;
	bool paused; /* it has too many events in flight to read on */
};

struct in_flight_view {
	int64_t at_wall_ms; /* when the loop looked; 0: not yet */
	struct in_flight_event events[IN_FLIGHT_EVENTS];
	struct in_flight_partition partitions[IN_FLIGHT_PARTITIONS];
	size_t event_count, partition_count; /* of those above */
	size_t in_work, waiting, owned;      /* in all */
};

struct in_flight {
	pthread_mutex_t mu;
	struct in_flight_view view; /* guarded by mu */
	int64_t next_look_mono_ms;  /* the loop's */
};

void in_flight_init(struct in_flight *in_flight);
void in_flight_fini(struct in_flight *in_flight);

/* To be called each round; looks if it is time to. */
void in_flight_look(struct in_flight *in_flight, const struct scheduler *scheduler,
		    const struct partitions *partitions);

void in_flight_read(struct in_flight *in_flight, struct in_flight_view *view);

#endif
