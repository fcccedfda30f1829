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
	free(lag->positions);
}

/* With lag->mu. NULL: none. */
static struct topic_offset *find(struct lag *lag, int32_t partition)
{
	for (size_t i = 0; i < lag->count; i++) {
		if (lag->positions[i].partition == partition)
			return &lag->positions[i];
	}
	return NULL;
}

/* With lag->mu. Out of memory, the partition has no sample. */
static void add(struct lag *lag, struct topic_offset position)
{
	struct topic_offset *grown =
		realloc(lag->positions, (lag->count + 1) * sizeof(struct topic_offset));

	if (!grown)
		return;
	lag->positions = grown;
	lag->positions[lag->count++] = position;
}

void lag_set(struct lag *lag, int32_t partition, int64_t next)
{
	struct topic_offset *position;

	(void)pthread_mutex_lock(&lag->mu);
	position = find(lag, partition);
	if (position)
		position->offset = next;
	else
		add(lag, (struct topic_offset){ partition, next });
	(void)pthread_mutex_unlock(&lag->mu);
}

void lag_remove(struct lag *lag, int32_t partition)
{
	struct topic_offset *position;

	(void)pthread_mutex_lock(&lag->mu);
	position = find(lag, partition);
	if (position)
		*position = lag->positions[--lag->count];
	(void)pthread_mutex_unlock(&lag->mu);
}

/* Two copies of the positions, owned, in one block. NULL: out of memory. */
static struct topic_offset *copy_twice(struct lag *lag, size_t *count)
{
	struct topic_offset *copy;

	(void)pthread_mutex_lock(&lag->mu);
	*count = lag->count;
	copy = malloc((2 * *count + 1) * sizeof(*copy));
	for (size_t i = 0; copy && i < 2 * *count; i++)
		copy[i] = lag->positions[i % *count];
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
	struct topic_offset *positions = copy_twice(lag, &count);

	metrics_family(out, name, "gauge",
		       "Messages of the topic beyond the position, by partition owned.");
	if (!positions)
		return;
	kafka_consumer_high_watermarks(consumer, positions + count, count);
	for (size_t i = 0; i < count; i++)
		write_sample(name, positions[i], positions[count + i].offset, out);
	free(positions);
}
