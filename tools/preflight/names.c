#include "tools/preflight/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define NAME_MAX_LEN 64
#define BLANKS       " \t\n"

struct name {
	const char *at; /* borrowed from its list */
	size_t len;
};

/* The first name at or behind text; without length: there is none. */
static struct name name_at(const char *text)
{
	text += strspn(text, BLANKS);
	return (struct name){ text, strcspn(text, BLANKS) };
}

static bool is_same(struct name a, struct name b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to change, add or leave out, until a is b; small letters count as capitals. */
static size_t distance(struct name a, struct name b)
{
	size_t row[NAME_MAX_LEN + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = toupper((unsigned char)a.at[i - 1]) == b.at[j - 1];
			size_t above = row[j];

			row[j] = least(least(above, row[j - 1]) + 1, diagonal + !same);
			diagonal = above;
		}
	}
	return row[b.len];
}

/* The known name that is nearest; without length: none is near. */
static struct name nearest(struct name given, const char *known)
{
	struct name best = { NULL, 0 };
	size_t best_distance = given.len / 3 + 1;

	for (struct name k = name_at(known); k.len > 0; k = name_at(k.at + k.len)) {
		size_t d = k.len <= NAME_MAX_LEN ? distance(given, k) : best_distance;

		if (d < best_distance) {
			best = k;
			best_distance = d;
		}
	}
	return best;
}

static bool is_known(struct name given, const char *known)
{
	for (struct name k = name_at(known); k.len > 0; k = name_at(k.at + k.len)) {
		if (is_same(given, k))
			return true;
	}
	return false;
}

int names_tell_unknown(const char *given, const char *known, struct strbuf *out)
{
	int count = 0;

	for (struct name g = name_at(given); g.len > 0; g = name_at(g.at + g.len)) {
		struct name meant;

		if (is_known(g, known))
			continue;
		count++;
		meant = nearest(g, known);
		strbuf_printf(out, "%.*s is no setting: ", (int)g.len, g.at);
		if (meant.len > 0)
			strbuf_printf(out, "did you mean %.*s?\n", (int)meant.len, meant.at);
		else
			strbuf_puts(out, "docs/settings.md lists all\n");
	}
	return count;
}
