/* Any bytes as traceparent and tracestate: what is read is written so that it reads the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_parent(const char *text, size_t len)
{
	struct trace_parent parent, again;
	char written[TRACE_PARENT_SIZE];

	if (!trace_parent_read(text, len, &parent))
		return;
	trace_parent_write(&parent, written);
	assert(strlen(written) == TRACE_PARENT_SIZE - 1);
	assert(trace_parent_read(written, strlen(written), &again));
	assert(memcmp(&parent, &again, sizeof(parent)) == 0);
}

static void as_state(const char *text, size_t len)
{
	char state[TRACE_STATE_MAX + 1], again[TRACE_STATE_MAX + 1];

	if (!trace_state_read(text, len, state)) {
		assert(!*state);
		return;
	}
	assert(*state && strlen(state) <= TRACE_STATE_MAX);
	assert(trace_state_read(state, strlen(state), again) && strcmp(state, again) == 0);
}

/* A line of the one, the rest of the other. */
static void as_both(const char *text, size_t len)
{
	const char *newline = memchr(text, '\n', len);
	size_t first = newline ? (size_t)(newline - text) : len;
	struct trace *trace = trace_read(text, first, newline ? newline + 1 : NULL,
					 newline ? len - first - 1 : 0);

	assert(!trace || strlen(TRACE_FIELD(trace)) == strlen(" trace_id=") + 32);
	free(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_parent((const char *)data, size);
	as_state((const char *)data, size);
	as_both((const char *)data, size);
	return 0;
}
