/*
 * Any lines NAME=value as an environment: what is accepted is within its bounds, what is refused is
 * said, and no password is printed. Any bytes as a value of a log record: it is one line of UTF-8.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/utf8.h"
#include "common/runtime/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct settings {
	const char *text, *url, *pairs;
	int64_t number;
	int choice;
	unsigned set;
};

static const char *const words[] = { "off", "on", "enforce", NULL };

#define AT(member) offsetof(struct settings, member)

static const struct config_key keys[] = {
	{ "TEXT", CONFIG_TEXT, CONFIG_PUBLIC, AT(text), "x", 0, 0, NULL, "a text" },
	{ "URL", CONFIG_TEXT, CONFIG_SECRET_URL, AT(url), "", 0, 0, NULL, "a URL" },
	{ "PAIRS", CONFIG_TEXT, CONFIG_SECRET_PAIRS, AT(pairs), "", 0, 0, NULL, "pairs" },
	{ "NUMBER", CONFIG_INT, CONFIG_PUBLIC, AT(number), "7", -5, 1000, NULL, "a number" },
	{ "CHOICE", CONFIG_CHOICE, CONFIG_PUBLIC, AT(choice), "on", 0, 0, words, "a word" },
	{ "SET", CONFIG_SET, CONFIG_PUBLIC, AT(set), "off", 0, 0, words, "words" },
	{ 0 },
};

static const struct config_table tables[] = { { keys, 0, "Settings", NULL }, { 0 } };

static const struct config_program program = { .name = "fuzz", .summary = "", .tables = tables };

static char *environment; /* lines, each ended by NUL instead of its newline; "" ends them */

static const char *lookup(const char *name)
{
	const size_t len = strlen(name);

	for (const char *line = environment; *line; line += strlen(line) + 1) {
		if (strncmp(line, name, len) == 0 && line[len] == '=')
			return line + len + 1;
	}
	return NULL;
}

static void make_environment(const uint8_t *data, size_t size)
{
	size_t len = 0;

	environment = calloc(1, size + 2);
	assert(environment);
	for (size_t i = 0; i < size; i++) {
		if (data[i] && data[i] != '\n')
			environment[len++] = (char)data[i];
		else if (len > 0 && environment[len - 1])
			environment[len++] = '\0';
	}
}

static void load(void)
{
	char text[4096] = "", shown[16384] = "";
	struct strbuf problems = STRBUF_ON(text), out = STRBUF_ON(shown);
	struct settings settings = { 0 };

	if (config_load(&program, lookup, &settings, &problems) > 0) {
		assert(text[0]);
		return;
	}
	assert(settings.number >= -5 && settings.number <= 1000);
	assert(settings.choice >= 0 && settings.choice < 3 && settings.set < 8);
	assert(settings.text && settings.url && settings.pairs);
	config_print(&program, &settings, &out);
}

/* A password that could be no other part of the text is not there. */
static void mask(const uint8_t *data, size_t size)
{
	char secret[64] = "", url[200], masked[400] = "";
	struct strbuf out = STRBUF_ON(masked);
	size_t len = 0;

	for (size_t i = 0; i < size && len < 40; i++) {
		if (data[i] > ' ' && data[i] < 0x7f && !strchr("/?#@:&=%'\\", data[i]))
			secret[len++] = (char)data[i];
	}
	if (len < 8 || strstr("postgresql://user@127.0.0.1:15432/lab?password=", secret))
		return;
	(void)snprintf(url, sizeof(url), "postgresql://user:%s@127.0.0.1:15432/lab?password=%s",
		       secret, secret);
	config_mask_url(url, &out);
	assert(!strstr(masked, secret));
}

static void quote(const uint8_t *data, size_t size)
{
	const struct log_quoted quoted = log_quote((const char *)data, size);
	const size_t len = strlen(quoted.text);
	size_t chars;

	assert(len >= 2 && quoted.text[0] == '"' && quoted.text[len - 1] == '"');
	assert(utf8_count(quoted.text, len, &chars));
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)quoted.text[i];

		assert(c >= 0x20 && c != 0x7f);
		assert(c != 0xc2 || (unsigned char)quoted.text[i + 1] >= 0xa0);
		assert(c != '"' || i == 0 || i == len - 1 || quoted.text[i - 1] == '\\');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	make_environment(data, size);
	load();
	free(environment);
	mask(data, size);
	quote(data, size);
	return 0;
}
