#include "tools/page/feed.h"

#include <stdlib.h>
#include <string.h>

void feed_init(struct feed *f, int64_t first)
{
	memset(f, 0, sizeof(*f));
	f->first = f->next = first;
}

static struct feed_entry *slot(struct feed *f, int64_t number)
{
	return &f->ring[number % FEED_ENTRIES];
}

static void drop_first(struct feed *f)
{
	struct feed_entry *e = slot(f, f->first++);

	f->bytes -= e->len;
	free(e->text);
	e->text = NULL;
}

void feed_clear(struct feed *f)
{
	while (f->first < f->next)
		drop_first(f);
}

void feed_fini(struct feed *f)
{
	feed_clear(f);
}

void feed_add(struct feed *f, const char *name, char *text)
{
	size_t len = strlen(text);

	while (f->first < f->next &&
	       (f->next - f->first >= FEED_ENTRIES || f->bytes + len > FEED_BYTES))
		drop_first(f);
	*slot(f, f->next) = (struct feed_entry){ f->next, name, text, len };
	f->next++;
	f->bytes += len;
}

const struct feed_entry *feed_at(const struct feed *f, int64_t number)
{
	return number >= f->first && number < f->next ? &f->ring[number % FEED_ENTRIES] : NULL;
}

int64_t feed_resume(const struct feed *f, int64_t last, int *gap)
{
	*gap = last <= 0 || last + 1 < f->first || last >= f->next;
	return *gap ? f->first : last + 1;
}
