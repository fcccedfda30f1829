#include "tests/simulation/sim_world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define EPOCH_WALL_MS 1750000000000
#define TRACE_LINES   400
#define TRACE_WIDTH   240
#define CHUNK_BYTES   ((size_t)16 << 20)
#define ALIGNMENT     ((size_t)16)

struct event {
	int64_t at_us;
	uint64_t number;
	sim_world_event *happens;
	void *argument;
};

/* See the header: one world a process. */
static struct world {
	int64_t now_us;
	struct sim_random random;
	struct event *heap;
	size_t count, capacity;
	uint64_t numbers, hash, lines;
	bool verbose;
	char violation[512];
	char trace[TRACE_LINES][TRACE_WIDTH];
} world;

void sim_world_begin(uint64_t seed, bool verbose)
{
	world.random.state = seed * 0x2545f4914f6cdd1du + 1;
	world.now_us = SIM_S;
	world.hash = 0xcbf29ce484222325u;
	world.verbose = verbose;
}

int64_t sim_world_now_us(void)
{
	return world.now_us;
}

int64_t sim_world_wall_ms(void)
{
	return EPOCH_WALL_MS + world.now_us / 1000;
}

struct sim_random *sim_world_random(void)
{
	return &world.random;
}

void *sim_world_loan(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		abort();
	return memory;
}

#ifdef SIM_ASAN
/* It looks at the bounds of what calloc gives. */
void *sim_world_memory(size_t size)
{
	return sim_world_loan(size);
}
#else
static void *new_chunk(void)
{
	void *chunk = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (chunk == MAP_FAILED)
		abort();
	(void)madvise(chunk, CHUNK_BYTES, MADV_HUGEPAGE); /* or it is slower */
	return chunk;
}

void *sim_world_memory(size_t size)
{
	static char *next, *end;
	size_t rounded = (size + ALIGNMENT) / ALIGNMENT * ALIGNMENT;

	if (rounded > CHUNK_BYTES / 4)
		return sim_world_loan(size);
	if ((size_t)(end - next) < rounded) {
		next = new_chunk();
		end = next + CHUNK_BYTES;
	}
	next += rounded;
	return next - rounded;
}
#endif

static void *fill(char *memory, const void *bytes, size_t len)
{
	if (len)
		memcpy(memory, bytes, len);
	return memory;
}

void *sim_world_copy(const void *bytes, size_t len)
{
	return fill(sim_world_memory(len + 1), bytes, len);
}

void *sim_world_loan_of(const void *bytes, size_t len)
{
	return fill(sim_world_loan(len + 1), bytes, len);
}

/* --- what will happen ---------------------------------------------------------------------- */

static bool before(const struct event *a, const struct event *b)
{
	return a->at_us < b->at_us || (a->at_us == b->at_us && a->number < b->number);
}

static void swap(size_t i, size_t j)
{
	struct event e = world.heap[i];

	world.heap[i] = world.heap[j];
	world.heap[j] = e;
}

void sim_world_at(int64_t at_us, sim_world_event *happens, void *argument)
{
	size_t i = world.count++;

	if (world.count > world.capacity) {
		world.capacity = world.capacity ? 2 * world.capacity : 1024;
		world.heap = realloc(world.heap, world.capacity * sizeof(*world.heap));
		if (!world.heap)
			abort();
	}
	world.heap[i] = (struct event){ at_us > world.now_us ? at_us : world.now_us,
					world.numbers++, happens, argument };
	for (; i > 0 && before(&world.heap[i], &world.heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(i, (i - 1) / 2);
}

static struct event take_first(void)
{
	struct event first = world.heap[0];
	size_t i = 0;

	world.heap[0] = world.heap[--world.count];
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < world.count; child++) {
			if (before(&world.heap[child], &world.heap[least]))
				least = child;
		}
		if (least == i)
			return first;
		swap(i, least);
		i = least;
	}
}

void sim_world_run(int64_t until_us)
{
	while (world.count > 0 && world.heap[0].at_us <= until_us && !world.violation[0]) {
		struct event next = take_first();

		world.now_us = next.at_us;
		next.happens(next.argument);
	}
	if (!world.violation[0])
		world.now_us = until_us;
}

/* --- trace --------------------------------------------------------------------------------- */

static void add_to_hash(const char *text)
{
	for (; *text; text++)
		world.hash = (world.hash ^ (unsigned char)*text) * 0x100000001b3u;
}

static void __attribute__((format(printf, 2, 0)))
add_line(const char *who, const char *format, va_list arguments)
{
	char *line = world.trace[world.lines++ % TRACE_LINES];
	int len = snprintf(line, TRACE_WIDTH, "%11.6f %-12s ", (double)world.now_us / 1e6, who);

	(void)vsnprintf(line + len, (size_t)(TRACE_WIDTH - len), format, arguments);
	add_to_hash(line);
	if (world.verbose)
		puts(line);
}

void sim_world_trace(const char *who, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_line(who, format, arguments);
	va_end(arguments);
}

uint64_t sim_world_hash(void)
{
	return world.hash;
}

void sim_world_print_trace(void)
{
	uint64_t first = world.lines > TRACE_LINES ? world.lines - TRACE_LINES : 0;

	for (uint64_t i = first; i < world.lines; i++)
		puts(world.trace[i % TRACE_LINES]);
}

void sim_world_violation(const char *format, ...)
{
	va_list arguments;

	if (world.violation[0])
		return;
	va_start(arguments, format);
	(void)vsnprintf(world.violation, sizeof(world.violation), format, arguments);
	va_end(arguments);
	sim_world_trace("VIOLATION", "%s", world.violation);
}

const char *sim_world_violated(void)
{
	return world.violation[0] ? world.violation : NULL;
}
