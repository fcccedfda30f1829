#include "tools/demo/catalogue.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/embed.h"

#define KEY_MAX 64

EMBED(texts_demo_en, "tools/demo/text.en.json");
EMBED(texts_demo_ko, "tools/demo/text.ko.json");
EMBED(texts_page_en, "tools/page/static/text.en.json");
EMBED(texts_page_ko, "tools/page/static/text.ko.json");

struct catalogue {
	json_t *own, *page;
};

enum catalogue_language catalogue_of_locale(const char *locale, const char *lc_all,
					    const char *lc_messages, const char *lang)
{
	const char *const order[] = { lc_all, lc_messages, lang };

	for (size_t i = 0; !locale && i < sizeof(order) / sizeof(order[0]); i++) {
		if (order[i] && order[i][0])
			locale = order[i];
	}
	return locale && strncmp(locale, "ko", 2) == 0 ? CATALOGUE_KO : CATALOGUE_EN;
}

static json_t *load(const char *begin, const char *end)
{
	return json_loadb(begin, (size_t)(end - begin), JSON_REJECT_DUPLICATES, NULL);
}

struct catalogue *catalogue_open(enum catalogue_language language)
{
	struct catalogue *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (language == CATALOGUE_KO) {
		c->own = load(texts_demo_ko_begin, texts_demo_ko_end);
		c->page = load(texts_page_ko_begin, texts_page_ko_end);
	} else {
		c->own = load(texts_demo_en_begin, texts_demo_en_end);
		c->page = load(texts_page_en_begin, texts_page_en_end);
	}
	if (c->own && c->page)
		return c;
	catalogue_close(c);
	return NULL;
}

void catalogue_close(struct catalogue *c)
{
	if (!c)
		return;
	json_decref(c->own);
	json_decref(c->page);
	free(c);
}

static const char *find(const struct catalogue *c, const char *key)
{
	const char *text = json_string_value(json_object_get(c->own, key));

	return text ? text : json_string_value(json_object_get(c->page, key));
}

const char *catalogue_text(const struct catalogue *c, const char *key)
{
	const char *text = find(c, key);

	return text ? text : key;
}

/* The text that fits the count: its first pair. */
static const char *find_counted(const struct catalogue *c, const char *key,
				const char *const *pairs)
{
	const char *text = find(c, key);
	char counted[KEY_MAX];

	if (text || !pairs[0])
		return text ? text : key;
	(void)snprintf(counted, sizeof(counted), "%s.%s", key,
		       strcmp(pairs[1], "1") == 0 ? "one" : "other");
	text = find(c, counted);
	return text ? text : key;
}

static const char *value_of(const char *const *pairs, const char *name, size_t len)
{
	for (; pairs[0]; pairs += 2) {
		if (strlen(pairs[0]) == len && memcmp(pairs[0], name, len) == 0)
			return pairs[1];
	}
	return NULL;
}

static void fill_in(struct strbuf *out, const char *text, const char *const *pairs)
{
	while (*text) {
		size_t plain = strcspn(text, "{");
		size_t len;
		const char *value;

		strbuf_add(out, text, plain);
		text += plain;
		if (!*text)
			return;
		len = strcspn(text, "}");
		value = value_of(pairs, text + 1, len - 1);
		if (value)
			strbuf_puts(out, value);
		text += len + (text[len] == '}');
	}
}

void catalogue_add_list(const struct catalogue *c, struct strbuf *out, const char *key,
			const char *const *pairs)
{
	fill_in(out, find_counted(c, key, pairs), pairs);
}
