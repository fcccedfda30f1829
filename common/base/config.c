#include "common/base/config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/base/version.h"

/* A walk over the keys of all tables. */
struct walk {
	const struct config_table *table;
	const struct config_key *key;
};

static struct walk walk_from(const struct config_table *table)
{
	return (struct walk){ table, table->keys };
}

/* False: there is no key at walk, nor after it. */
static bool walk_has(struct walk *walk)
{
	while (walk->key && !walk->key->name) {
		walk->table++;
		walk->key = walk->table->keys;
	}
	return walk->key != NULL;
}

static size_t walk_offset(const struct walk *walk)
{
	return walk->table->offset + walk->key->offset;
}

static const char *fallback_of(const struct config_program *program, const struct config_key *key)
{
	for (const struct config_default *d = program->defaults; d && d->name; d++) {
		if (strcmp(d->name, key->name) == 0)
			return d->fallback;
	}
	return key->fallback;
}

static int choice_index(const char *const *choices, const char *text, size_t len)
{
	for (int i = 0; choices[i]; i++) {
		if (strlen(choices[i]) == len && memcmp(choices[i], text, len) == 0)
			return i;
	}
	return -1;
}

static bool parse_set(const struct config_key *key, const char *value, unsigned *set)
{
	unsigned bits = 0;

	while (*value) {
		size_t len = strcspn(value, ",");
		int i = choice_index(key->choices, value, len);

		if (i < 0)
			return false;
		bits |= 1u << i;
		value += len + (value[len] == ',');
	}
	*set = bits;
	return true;
}

static bool parse_value(const struct config_key *key, const char *value, void *target)
{
	switch (key->type) {
	case CONFIG_TEXT:
		*(const char **)target = value;
		return true;
	case CONFIG_INT:
		return parse_i64(value, strlen(value), key->min, key->max, target);
	case CONFIG_CHOICE: {
		int i = choice_index(key->choices, value, strlen(value));

		if (i >= 0)
			*(int *)target = i;
		return i >= 0;
	}
	case CONFIG_SET:
		return parse_set(key, value, target);
	}
	return false;
}

static void put_choices(const struct config_key *key, const char *separator, struct strbuf *out)
{
	for (int i = 0; key->choices[i]; i++)
		strbuf_printf(out, "%s%s", i ? separator : "", key->choices[i]);
}

static void put_allowed(const struct config_key *key, struct strbuf *out)
{
	if (key->type == CONFIG_INT) {
		strbuf_printf(out, "a whole number from %" PRId64 " to %" PRId64, key->min,
			      key->max);
		return;
	}
	strbuf_puts(out, key->type == CONFIG_SET ? "some of " : "one of ");
	put_choices(key, ", ", out);
}

static size_t check_tables(const struct config_program *program, const void *cfg,
			   struct strbuf *problems)
{
	size_t bad = 0;

	for (const struct config_table *t = program->tables; t->keys; t++) {
		if (t->check)
			bad += t->check((const char *)cfg + t->offset, problems);
	}
	return bad;
}

size_t config_load(const struct config_program *program, config_lookup *lookup, void *cfg,
		   struct strbuf *problems)
{
	size_t bad = 0;

	for (struct walk w = walk_from(program->tables); walk_has(&w); w.key++) {
		const struct config_key *key = w.key;
		const char *value = lookup(key->name);

		if (!value || !*value)
			value = fallback_of(program, key);
		if (parse_value(key, value, (char *)cfg + walk_offset(&w)))
			continue;
		bad++;
		strbuf_printf(problems, "%s=%.60s: must be ", key->name, value);
		put_allowed(key, problems);
		strbuf_puts(problems, "\n");
	}
	return bad > 0 ? bad : check_tables(program, cfg, problems);
}

void config_mask_url(const char *url, struct strbuf *out)
{
	const char *authority = strstr(url, "://");
	const char *at, *colon, *query;
	size_t span;

	/* Keyword form, or parameters that may carry a secret: nothing of it is safe to show. */
	if (!authority || strstr(url, "password") || strstr(url, "passfile")) {
		strbuf_puts(out, *url ? "***" : "");
		return;
	}
	authority += 3;
	span = strcspn(authority, "/?#");
	query = strchr(authority + span, '?');
	/* An '@' behind the authority means an unescaped '/' in a password; an escape in the
	 * parameters may spell one of the words above. */
	if (strchr(authority + span, '@') || (query && strchr(query, '%'))) {
		strbuf_puts(out, "***");
		return;
	}
	at = memrchr(authority, '@', span);
	colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
	if (colon)
		strbuf_printf(out, "%.*s:***%s", (int)(colon - url), url, at);
	else
		strbuf_puts(out, url);
}

static void mask_pairs(const char *pairs, struct strbuf *out)
{
	while (*pairs) {
		size_t len = strcspn(pairs, ";\n");
		size_t name = strcspn(pairs, "=;\n");

		strbuf_printf(out, "%.*s=***%s", (int)name, pairs, pairs[len] ? ";" : "");
		pairs += len + (pairs[len] != '\0');
	}
}

static void put_text(const char *text, enum config_secrecy secrecy, struct strbuf *out)
{
	if (secrecy == CONFIG_SECRET_URL)
		config_mask_url(text, out);
	else if (secrecy == CONFIG_SECRET_PAIRS)
		mask_pairs(text, out);
	else
		strbuf_puts(out, text);
}

static void put_set(unsigned set, const char *const *choices, struct strbuf *out)
{
	const char *comma = "";

	for (int i = 0; choices[i]; i++) {
		if (set & (1u << i)) {
			strbuf_printf(out, "%s%s", comma, choices[i]);
			comma = ",";
		}
	}
}

static void put_value(const struct config_key *key, const void *at, struct strbuf *out)
{
	switch (key->type) {
	case CONFIG_TEXT:
		put_text(*(const char *const *)at, key->secrecy, out);
		return;
	case CONFIG_INT:
		strbuf_printf(out, "%" PRId64, *(const int64_t *)at);
		return;
	case CONFIG_CHOICE:
		strbuf_puts(out, key->choices[*(const int *)at]);
		return;
	case CONFIG_SET:
		put_set(*(const unsigned *)at, key->choices, out);
		return;
	}
}

void config_each_public(const struct config_program *program, const void *cfg,
			void (*take)(void *context, const char *name, const char *value),
			void *context)
{
	for (struct walk w = walk_from(program->tables); walk_has(&w); w.key++) {
		char text[512] = "";
		struct strbuf value = STRBUF_ON(text);

		if (w.key->secrecy != CONFIG_PUBLIC)
			continue;
		put_value(w.key, (const char *)cfg + walk_offset(&w), &value);
		take(context, w.key->name, text);
	}
}

void config_print(const struct config_program *program, const void *cfg, struct strbuf *out)
{
	for (struct walk w = walk_from(program->tables); walk_has(&w); w.key++) {
		strbuf_printf(out, "%s=", w.key->name);
		put_value(w.key, (const char *)cfg + walk_offset(&w), out);
		strbuf_puts(out, "\n");
	}
}

static void help_key(const struct config_key *key, const char *fallback, struct strbuf *out)
{
	strbuf_printf(out, "  %-24s %s\n  %-24s default: %s", key->name, key->help, "",
		      *fallback ? fallback : "(empty)");
	if (key->type == CONFIG_INT)
		strbuf_printf(out, "; %" PRId64 " to %" PRId64, key->min, key->max);
	if (key->choices) {
		strbuf_puts(out, key->type == CONFIG_SET ? "; some of: " : "; one of: ");
		put_choices(key, " ", out);
	}
	strbuf_puts(out, "\n");
}

static void help_keys(const struct config_program *program, struct strbuf *out)
{
	for (struct walk w = walk_from(program->tables); walk_has(&w); w.key++) {
		if (w.key == w.table->keys && w.table->title)
			strbuf_printf(out, "%s%s:\n", w.table == program->tables ? "" : "\n",
				      w.table->title);
		help_key(w.key, fallback_of(program, w.key), out);
	}
}

void config_help(const struct config_program *program, struct strbuf *out)
{
	const char *manner = program->manner ? program->manner
					     : "Runs in the foreground until SIGTERM or SIGINT.";
	const char *exit_status = program->exit_status
					  ? program->exit_status
					  : "0 stopped by a signal, 1 failed, 2 bad settings.";

	strbuf_printf(
		out,
		"%s %s - %s\n\nUsage: %s [--help|--version|--check-config|--print-config%s%s]\n",
		program->name, PROJECT_VERSION, program->summary, program->name,
		program->flags ? "|" : "", program->flags ? program->flags : "");
	strbuf_printf(out, "\n%s Settings come from the environment:\n\n", manner);
	help_keys(program, out);
	strbuf_printf(out, "\nExit status: %s\n", exit_status);
}
