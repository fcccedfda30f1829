#include "tests/faults/lane.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>

#include "common/runtime/clock.h"

#define RETRY_MS   200 /* TCP's least; it doubles */
#define HELD_MAX   (4 << 20)
#define LOSSES_MAX 6

struct lane_chunk {
	struct lane_chunk *next;
	struct evbuffer *data; /* NULL: the end of the connection */
	int64_t due_mono_ms;
};

void lane_init(struct lane *lane)
{
	*lane = (struct lane){ .last = &lane->first };
}

/* When what comes now arrives: after what came before it. */
static int64_t due(const struct lane *lane, const struct lane_weather *weather, struct dice *dice)
{
	int64_t at_ms = clock_mono_ms() + weather->delay_ms, retry_ms = RETRY_MS;
	int percent = weather->loss_percent;

	for (int i = 0; i < LOSSES_MAX && percent > 0 && (int)dice_roll(dice, 100) < percent;
	     i++, retry_ms *= 2)
		at_ms += retry_ms;
	return at_ms > lane->due_mono_ms ? at_ms : lane->due_mono_ms;
}

/* data: taken. */
static bool push(struct lane *lane, const struct lane_weather *weather, struct dice *dice,
		 struct evbuffer *data)
{
	struct lane_chunk *chunk = calloc(1, sizeof(*chunk));

	if (!chunk) {
		if (data)
			evbuffer_free(data);
		return false;
	}
	*chunk = (struct lane_chunk){ .data = data, .due_mono_ms = due(lane, weather, dice) };
	lane->due_mono_ms = chunk->due_mono_ms;
	lane->bytes += data ? evbuffer_get_length(data) : 0;
	*lane->last = chunk;
	lane->last = &chunk->next;
	return true;
}

static struct lane_chunk *take(struct lane *lane)
{
	struct lane_chunk *chunk = lane->first;

	lane->first = chunk->next;
	if (!lane->first)
		lane->last = &lane->first;
	lane->bytes -= chunk->data ? evbuffer_get_length(chunk->data) : 0;
	return chunk;
}

static void free_chunk(struct lane_chunk *chunk)
{
	if (chunk->data)
		evbuffer_free(chunk->data);
	free(chunk);
}

void lane_fini(struct lane *lane)
{
	while (lane->first)
		free_chunk(take(lane));
}

bool lane_receive(struct lane *lane, const struct lane_weather *weather, struct dice *dice)
{
	struct evbuffer *data = evbuffer_new();

	if (!data)
		return false;
	(void)evbuffer_add_buffer(data, bufferevent_get_input(lane->from));
	if (!push(lane, weather, dice, data))
		return false;
	if (lane->bytes >= HELD_MAX)
		(void)bufferevent_disable(lane->from, EV_READ);
	return true;
}

bool lane_end(struct lane *lane, const struct lane_weather *weather, struct dice *dice)
{
	return push(lane, weather, dice, NULL);
}

static bool arrives(const struct lane *lane, const struct lane_weather *weather)
{
	return lane->first && lane->to && !weather->held &&
	       lane->first->due_mono_ms <= clock_mono_ms();
}

bool lane_advance(struct lane *lane, const struct lane_weather *weather)
{
	for (; arrives(lane, weather) && lane->first->data;) {
		struct lane_chunk *chunk = take(lane);

		(void)bufferevent_write_buffer(lane->to, chunk->data);
		free_chunk(chunk);
	}
	if (arrives(lane, weather))
		return evbuffer_get_length(bufferevent_get_output(lane->to)) == 0;
	if (lane->from && lane->bytes < HELD_MAX)
		(void)bufferevent_enable(lane->from, EV_READ);
	return false;
}
