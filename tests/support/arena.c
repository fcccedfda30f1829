#include "tests/support/arena.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	struct entry *next;
	void *block;
	json_t *root;
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct entry *all; /* guarded by mu */

static void remember(void *block, json_t *root)
{
	struct entry *entry = malloc(sizeof(*entry));

	if (!entry)
		abort();
	entry->block = block;
	entry->root = root;
	(void)pthread_mutex_lock(&mu);
	entry->next = all;
	all = entry;
	(void)pthread_mutex_unlock(&mu);
}

void *arena_alloc(size_t size)
{
	void *block = calloc(1, size ? size : 1);

	if (!block)
		abort();
	remember(block, NULL);
	return block;
}

char *arena_copy(const void *bytes, size_t len)
{
	char *copy = arena_alloc(len + 1);

	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

char *arena_format(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	remember(text, NULL);
	return text;
}

json_t *arena_json(json_t *root)
{
	if (root)
		remember(NULL, root);
	return root;
}

void arena_release(void)
{
	struct entry *next;

	(void)pthread_mutex_lock(&mu);
	for (struct entry *entry = all; entry; entry = next) {
		next = entry->next;
		free(entry->block);
		json_decref(entry->root);
		free(entry);
	}
	all = NULL;
	(void)pthread_mutex_unlock(&mu);
}
