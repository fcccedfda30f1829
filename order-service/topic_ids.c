#include "order-service/topic_ids.h"

#include "order-service/core/order_json.h"

#define ID_MAX      (INT64_MAX / 2)
#define EVENTS_STEP 1000 /* between two words about the progress */

struct reading {
	struct topic_ids found;
	struct progress *progress;
};

static void take(void *context, const struct message *m)
{
	struct reading *r = context;
	int64_t id = order_json_event_id(m->payload, m->payload_len);

	if (id > r->found.highest && id <= ID_MAX)
		r->found.highest = id;
	if (++r->found.events % EVENTS_STEP == 0)
		progress_made(r->progress);
}

enum status topic_ids_read(struct kafka_topic *topic, struct progress *progress,
			   struct topic_ids *out, struct error *err)
{
	struct reading r = { .progress = progress };
	struct kafka_topic_ends ends;
	enum status st = kafka_topic_find_ends(topic, &ends, err);

	if (st != ST_OK)
		return st;
	st = kafka_topic_read(topic, &ends, take, &r, err);
	kafka_topic_ends_fini(&ends);
	if (st == ST_OK)
		*out = r.found;
	return st;
}
