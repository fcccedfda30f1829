#include "common/trace/trace.h"

#include <stdlib.h>
#include <string.h>

/* --- hexadecimal --------------------------------------------------------------------------- */

void trace_hex(const uint8_t *bytes, size_t count, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
	*text = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Upper case is none. */
static bool read_hex(const char *text, uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
	uint8_t any = 0;

	for (size_t i = 0; i < count; i++)
		any |= bytes[i];
	return any == 0;
}

/* --- traceparent: version-trace-span-flags ------------------------------------------------- */

enum { AT_TRACE = 3, AT_SPAN = 36, AT_FLAGS = 53, AT_END = 55 };

/* A later version may have more behind a dash. */
static bool is_framed(const char *text, size_t len, uint8_t version)
{
	if (text[AT_TRACE - 1] != '-' || text[AT_SPAN - 1] != '-' || text[AT_FLAGS - 1] != '-')
		return false;
	return version == 0 ? len == AT_END
			    : version != 0xff && (len == AT_END || text[AT_END] == '-');
}

bool trace_parent_read(const char *text, size_t len, struct trace_parent *parent)
{
	struct trace_parent read;
	uint8_t version;

	if (len < AT_END || !read_hex(text, &version, 1) || !is_framed(text, len, version) ||
	    !read_hex(text + AT_TRACE, read.id, sizeof(read.id)) ||
	    !read_hex(text + AT_SPAN, read.span, sizeof(read.span)) ||
	    !read_hex(text + AT_FLAGS, &read.flags, 1) || is_zero(read.id, sizeof(read.id)) ||
	    is_zero(read.span, sizeof(read.span)))
		return false;
	read.flags &= TRACE_SAMPLED | TRACE_RANDOM; /* what the others mean is not known */
	*parent = read;
	return true;
}

void trace_parent_write(const struct trace_parent *parent, char text[TRACE_PARENT_SIZE])
{
	memcpy(text, "00-", AT_TRACE);
	trace_hex(parent->id, sizeof(parent->id), text + AT_TRACE);
	text[AT_SPAN - 1] = '-';
	trace_hex(parent->span, sizeof(parent->span), text + AT_SPAN);
	text[AT_FLAGS - 1] = '-';
	trace_hex(&parent->flags, 1, text + AT_FLAGS);
}

/* --- traces -------------------------------------------------------------------------------- */

struct trace *trace_new(const struct trace_parent *parent, const char *state)
{
	size_t size = strlen(state) + 1;
	struct trace *trace = malloc(sizeof(*trace) + size);

	if (!trace)
		return NULL;
	*trace = (struct trace){ .at = *parent };
	memcpy(trace->caller, parent->span, sizeof(trace->caller));
	memcpy(trace->state, state, size);
	return trace;
}

struct trace *trace_read(const char *parent, size_t parent_len, const char *state, size_t state_len)
{
	char kept[TRACE_STATE_MAX + 1] = "";
	struct trace_parent at;

	if (!trace_parent_read(parent, parent_len, &at))
		return NULL;
	if (state)
		(void)trace_state_read(state, state_len, kept);
	return trace_new(&at, kept);
}

struct trace_field trace_field(const struct trace *trace)
{
	static const char name[] = " trace_id=";
	struct trace_field field = { "" };

	if (!trace)
		return field;
	memcpy(field.text, name, sizeof(name));
	trace_hex(trace->at.id, sizeof(trace->at.id), field.text + sizeof(name) - 1);
	return field;
}
