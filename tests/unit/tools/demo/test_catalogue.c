/* One catalogue: the same texts in each language, with the same places to fill in. */
#include <ctype.h>
#include <glob.h>
#include <jansson.h>

#include "tests/unit/unit.h"
#include "tools/demo/catalogue.h"

#define OWN  "tools/demo/text."
#define PAGE "tools/page/static/text."

static json_t *load(const char *beginning, const char *language)
{
	char path[128];
	json_t *texts;

	(void)snprintf(path, sizeof(path), "%s%s.json", beginning, language);
	texts = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	cr_assert_not_null(texts, "%s", path);
	return texts;
}

/* The places of a text, sorted by their bytes: two texts with the same places give the same. */
static void places(const char *text, unsigned counts[1024])
{
	memset(counts, 0, 1024 * sizeof(counts[0]));
	for (; (text = strchr(text, '{')); text++) {
		unsigned hash = 0;

		for (const char *at = text; *at && *at != '}'; at++)
			hash = hash * 31 + (unsigned char)*at;
		counts[hash % 1024] = 1;
	}
}

static void expect_same_texts(const char *beginning)
{
	json_t *en = load(beginning, "en"), *ko = load(beginning, "ko"), *value;
	const char *key;

	json_object_foreach (ko, key, value)
		cr_expect(json_object_get(en, key), "%s: only in Korean", key);
	json_object_foreach (en, key, value) {
		const char *other = json_string_value(json_object_get(ko, key));
		unsigned a[1024], b[1024];

		cr_expect(other, "%s: only in English", key);
		places(json_string_value(value), a);
		places(other ? other : "", b);
		cr_expect_arr_eq(a, b, sizeof(a), "%s: other places to fill in", key);
	}
	json_decref(en);
	json_decref(ko);
}

Test(catalogue, has_each_text_in_both_languages)
{
	expect_same_texts(OWN);
	expect_same_texts(PAGE);
}

Test(catalogue, has_no_text_in_two_tables)
{
	json_t *own = load(OWN, "en"), *page = load(PAGE, "en"), *value;
	const char *key;

	json_object_foreach (own, key, value)
		cr_expect_null(json_object_get(page, key), "%s", key);
	json_decref(own);
	json_decref(page);
}

/* --- the sources name texts that are there -------------------------------------------------- */

static bool is_key(const char *text, size_t len)
{
	bool dot = false;

	for (size_t i = 0; i < len; i++) {
		if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) &&
		    text[i] != '.')
			return false;
		dot |= text[i] == '.';
	}
	return dot;
}

static void expect_key(const json_t *own, const json_t *page, const char *text, size_t len,
		       const char *file)
{
	char key[80], one[96];

	(void)snprintf(key, sizeof(key), "%.*s", (int)len, text);
	(void)snprintf(one, sizeof(one), "%s.one", key);
	cr_expect(json_object_get(own, key) || json_object_get(page, key) ||
			  json_object_get(own, one),
		  "%s says %s, which is no text", file, key);
}

/* Each literal of a source that looks like a key. */
static void expect_keys(const json_t *own, const json_t *page, const char *file)
{
	static char text[65536];
	FILE *in = fopen(file, "re");
	size_t len;

	cr_assert_not_null(in, "%s", file);
	len = fread(text, 1, sizeof(text) - 1, in);
	text[len] = '\0';
	(void)fclose(in);
	for (char *at = text; (at = strchr(at, '"'));) {
		size_t literal = strcspn(++at, "\"\n");

		if (literal > 0 && at[literal] == '"' && is_key(at, literal) &&
		    strncmp(at, "127.", 4) != 0)
			expect_key(own, page, at, literal, file);
		at += literal + (at[literal] == '"');
	}
}

Test(catalogue, has_what_the_stack_says)
{
	json_t *own = load(OWN, "en"), *page = load(PAGE, "en");
	static char text[65536];
	FILE *in = fopen("stack/stack.sh", "re");
	size_t said = 0;

	cr_assert_not_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	(void)fclose(in);
	for (char *at = text; (at = strstr(at, "tell stack.")); said++) {
		at += strlen("tell ");
		expect_key(own, page, at, strspn(at, "abcdefghijklmnopqrstuvwxyz."), "stack.sh");
	}
	cr_expect_gt(said, 5);
	json_decref(own);
	json_decref(page);
}

Test(catalogue, has_what_the_sources_say)
{
	json_t *own = load(OWN, "en"), *page = load(PAGE, "en");
	glob_t files;

	cr_assert_eq(glob("tools/demo/*.c", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		if (!strstr(files.gl_pathv[i], "main.c") &&
		    !strstr(files.gl_pathv[i], "cluster_view.c"))
			expect_keys(own, page, files.gl_pathv[i]);
	}
	globfree(&files);
	json_decref(own);
	json_decref(page);
}

/* --- filling in ----------------------------------------------------------------------------- */

Test(catalogue, fills_in)
{
	struct catalogue *c = catalogue_open(CATALOGUE_EN);
	char text[256] = "";
	struct strbuf sb = STRBUF_ON(text);

	catalogue_add(c, &sb, "demo.owner", "partition", "1", "replica", "delivery-8082", NULL);
	expect_text(text, "delivery-8082 has partition 1");
	catalogue_close(c);
}

Test(catalogue, counts_one_event_as_one)
{
	struct catalogue *c = catalogue_open(CATALOGUE_EN);
	char text[256] = "";
	struct strbuf sb = STRBUF_ON(text);

	catalogue_add(c, &sb, "topic.count", "n", "1", NULL);
	strbuf_puts(&sb, ", ");
	catalogue_add(c, &sb, "topic.count", "n", "0", NULL);
	strbuf_puts(&sb, ", ");
	catalogue_add(c, &sb, "topic.count", "n", "11", NULL);
	expect_text(text, "1 event, 0 events, 11 events");
	catalogue_close(c);
}

Test(catalogue, takes_the_terms_of_the_page)
{
	struct catalogue *en = catalogue_open(CATALOGUE_EN), *ko = catalogue_open(CATALOGUE_KO);

	expect_text(catalogue_text(en, "verdict.wrong"), "WRONG");
	expect_text(catalogue_text(ko, "verdict.wrong"), "틀림");
	expect_text(catalogue_text(ko, "no.such.text"), "no.such.text");
	catalogue_close(en);
	catalogue_close(ko);
}

Test(catalogue, follows_the_locale)
{
	static const struct {
		const char *locale, *all, *messages, *lang;
		enum catalogue_language language;
	} cases[] = {
		{ NULL, NULL, NULL, NULL, CATALOGUE_EN },
		{ NULL, NULL, NULL, "ko_KR.UTF-8", CATALOGUE_KO },
		{ NULL, "", "", "ko", CATALOGUE_KO },
		{ NULL, "C", NULL, "ko_KR.UTF-8", CATALOGUE_EN },
		{ NULL, NULL, "ko_KR.UTF-8", "en_US.UTF-8", CATALOGUE_KO },
		{ NULL, NULL, NULL, "xx_YY.UTF-8", CATALOGUE_EN },
		{ "ko_KR.UTF-8", "C.UTF-8", NULL, NULL, CATALOGUE_KO },
		{ "", "ko_KR.UTF-8", NULL, NULL, CATALOGUE_EN },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		cr_expect_eq(catalogue_of_locale(cases[i].locale, cases[i].all, cases[i].messages,
						 cases[i].lang),
			     cases[i].language, "case %zu", i);
}
