#include "tools/verify-history/drained.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "tools/verify-history/read_topic.h"

#define PAUSE_MS 200

/* What is still to be done. */
struct progress {
	int64_t waiting; /* rows in the outboxes */
	int64_t behind;  /* messages that the consumers have not come to */
};

static int64_t messages_behind(const struct history *h, const struct kafka_topic_ends *ends)
{
	int64_t behind = 0;

	for (int32_t p = 0; p < ends->count; p++) {
		int64_t first = ends->first_offset[p];
		int64_t position = p < h->partition_count ? h->partitions[p].next_offset : -1;
		int64_t next = position > first ? position : first;

		behind += ends->next_offset[p] > next ? ends->next_offset[p] - next : 0;
	}
	return behind;
}

/*
 * The tables first, in one snapshot, then the ends: what was in no outbox then is on the topic by
 * now, so nothing slips through between the two.
 */
static enum status look(struct read_tables *tables, struct kafka_topic *topic,
			struct progress *progress, struct error *err)
{
	struct history h = { 0 };
	struct kafka_topic_ends ends = { 0 };
	enum status st = read_tables_progress(tables, kafka_topic_name(topic), &h, err);

	if (st == ST_OK)
		st = kafka_topic_find_ends(topic, &ends, err);
	if (st == ST_OK)
		*progress = (struct progress){ .waiting = h.waiting[OUTBOX_ORDERS].count +
							  h.waiting[OUTBOX_DELIVERY].count,
					       .behind = messages_behind(&h, &ends) };
	if (st == ST_OK)
		kafka_topic_ends_fini(&ends);
	history_fini(&h);
	return st;
}

static void show(const struct progress *progress, int64_t waited_ms, int64_t wait_ms)
{
	(void)fprintf(stderr,
		      "\r\033[Kwaiting until all is drained: %" PRId64
		      " rows in the outboxes, %" PRId64 " messages to consume (%" PRId64
		      " of %" PRId64 " s)",
		      progress->waiting, progress->behind, waited_ms / 1000, wait_ms / 1000);
}

enum status drained_wait(struct read_tables *tables, struct kafka_topic *topic, int64_t wait_ms,
			 bool *drained, int64_t *waited_ms, struct error *err)
{
	const bool terminal = isatty(STDERR_FILENO) == 1;
	const int64_t start = clock_mono_ms();
	struct progress progress = { 0 };
	bool shown = false;
	enum status st;

	while ((st = look(tables, topic, &progress, err)) == ST_OK) {
		*drained = progress.waiting == 0 && progress.behind == 0;
		*waited_ms = clock_mono_ms() - start;
		if (*drained || *waited_ms >= wait_ms)
			break;
		if (terminal)
			show(&progress, *waited_ms, wait_ms);
		shown = terminal;
		clock_pause_ms(PAUSE_MS);
	}
	if (shown)
		(void)fputs("\r\033[K", stderr);
	return st;
}
