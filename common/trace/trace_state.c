/* tracestate: a list of key=value, whose members are others' to understand. */
#include <string.h>

#include "common/trace/trace.h"

#define KEY_MAX   256
#define VALUE_MAX 256
#define LONG      128 /* members that are longer go first */

struct member {
	const char *text;
	size_t len;
};

struct members {
	struct member list[TRACE_STATE_MEMBERS];
	size_t count, len; /* of all with their commas */
};

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_key(const char *text, size_t len)
{
	if (len == 0 || len > KEY_MAX || !is_lower_or_digit(text[0]))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_lower_or_digit(text[i]) && (!text[i] || !strchr("_-*/@", text[i])))
			return false;
	}
	return true;
}

/* No blank at its end: that was taken off. */
static bool is_value(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e || text[i] == '=')
			return false;
	}
	return len > 0 && len <= VALUE_MAX;
}

static bool is_member(const struct member *m)
{
	const char *equals = memchr(m->text, '=', m->len);
	size_t key = equals ? (size_t)(equals - m->text) : 0;

	return equals && is_key(m->text, key) && is_value(equals + 1, m->len - key - 1);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct member without_blanks(const char *text, size_t len)
{
	while (len > 0 && is_blank(text[0])) {
		text++;
		len--;
	}
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	return (struct member){ text, len };
}

/* False: one is wrong, or there are too many; then the list as a whole means nothing. */
static bool split(const char *text, size_t len, struct members *all)
{
	const char *end = text + len;

	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma ? comma : end;
		struct member m = without_blanks(text, (size_t)(stop - text));

		text = comma ? comma + 1 : end;
		if (m.len == 0)
			continue;
		if (all->count == TRACE_STATE_MEMBERS || !is_member(&m))
			return false;
		all->list[all->count++] = m;
		all->len += m.len + 1;
	}
	return all->count > 0;
}

static void leave_out(struct members *all, size_t i)
{
	all->len -= all->list[i].len + 1;
	all->count--;
	memmove(&all->list[i], &all->list[i + 1], (all->count - i) * sizeof(all->list[0]));
}

/* The last ones have been there for the longest time. */
static void shorten(struct members *all)
{
	for (size_t i = all->count; i > 0 && all->len > TRACE_STATE_MAX + 1; i--) {
		if (all->list[i - 1].len > LONG)
			leave_out(all, i - 1);
	}
	while (all->len > TRACE_STATE_MAX + 1)
		leave_out(all, all->count - 1);
}

bool trace_state_read(const char *text, size_t len, char state[TRACE_STATE_MAX + 1])
{
	struct members all = { .count = 0 };
	char *at = state;

	*state = '\0';
	if (!split(text, len, &all))
		return false;
	shorten(&all);
	for (size_t i = 0; i < all.count; i++) {
		if (i > 0)
			*at++ = ',';
		memcpy(at, all.list[i].text, all.list[i].len);
		at += all.list[i].len;
	}
	*at = '\0';
	return *state != '\0';
}
