#include "delivery-service/consume/lag.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lag_init(struct lag *lag)
{
	*lag = (struct lag){ 0 };
	(void)pthread_mutex_init(&lag->mu, NULL);
}

void lag_fini(struct lag *lag)
{
	(void)pthread_mutex_destroy(&lag->mu);
	free(lag->next);
}

/* With lag->mu. False: out of memory. */
static bool reserve(struct lag *lag, int32_t partition)
{
	size_t count = lag->count;
	int64_t *next;

	while (count <= (size_t)partition)
		count = count ? 2 * count : 16;
	if (count == lag->count)
		return true;
	next = realloc(lag->next, count * sizeof(*next));
	if (!next)
		return false;
	for (size_t i = lag->count; i < count; i++)
		next[i] = -1;
	lag->next = next;
	lag->count = count;
	return true;
}

void lag_set(struct lag *lag, int32_t partition, int64_t next)
{
	(void)pthread_mutex_lock(&lag->mu);
	if (reserve(lag, partition)) /* else the partition has no sample */
		lag->next[partition] = next;
	(void)pthread_mutex_unlock(&lag->mu);
}

void lag_remove(struct lag *lag, int32_t partition)
{
	(void)pthread_mutex_lock(&lag->mu);
	if ((size_t)partition < lag->count)
		lag->next[partition] = -1;
	(void)pthread_mutex_unlock(&lag->mu);
}

/* The positions of ours, and room for as many behind them, owned. NULL: out of memory. */
static struct topic_offset *copy_positions(struct lag *lag, size_t *count)
{
	struct topic_offset *copy;

	*count = 0;
	(void)pthread_mutex_lock(&lag->mu);
	copy = malloc((2 * lag->count + 1) * sizeof(*copy));
	for (size_t i = 0; copy && i < lag->count; i++) {
		if (lag->next[i] >= 0)
			copy[(*count)++] = (struct topic_offset){ (int32_t)i, lag->next[i] };
	}
	(void)pthread_mutex_unlock(&lag->mu);
	return copy;
}

static void write_sample(const char *name, struct topic_offset position, int64_t end,
			 struct metrics_out *out)
{
	char label[32];

	if (end < 0)
		return;
	(void)snprintf(label, sizeof(label), "partition=\"%" PRId32 "\"", position.partition);
	/* The position may be newer than an end that was remembered. */
	metrics_sample(out, name, label, end > position.offset ? end - position.offset : 0);
}

void lag_metrics(struct lag *lag, struct kafka_consumer *consumer, struct metrics_out *out)
{
	static const char name[] = "delivery_partition_lag";
	size_t count;
	struct topic_offset *positions = copy_positions(lag, &count);

	metrics_family(out, name, "gauge",
		       "Messages of the topic beyond the position, by partition owned.");
	if (!positions)
		return;
	memcpy(positions + count, positions, count * sizeof(*positions));
	kafka_consumer_high_watermarks(consumer, positions + count, count);
	for (size_t i = 0; i < count; i++)
		write_sample(name, positions[i], positions[count + i].offset, out);
	free(positions);
}
