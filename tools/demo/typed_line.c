#include "tools/demo/typed_line.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Spring sees a header only where this one names it. */
#define SPRING_TYPES "{\"type\":\"java.lang.String\",\"contentType\":\"java.lang.String\"}"

/* The first byte that is no blank; '\0': there is none. */
static char first_of(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != ' ' && text[i] != '\t')
			return text[i];
	}
	return '\0';
}

static void split(struct typed_line *line, const char *text, size_t len)
{
	const char *colon = first_of(text, len) == '{' ? NULL : memchr(text, ':', len);

	line->value = text;
	line->value_len = len;
	if (!colon)
		return;
	line->key = text;
	line->key_len = (size_t)(colon - text);
	line->value = colon + 1;
	line->value_len = len - line->key_len - 1;
}

/* A typing error would be a dead letter otherwise. */
static enum status look_into(struct typed_line *line, struct error *err)
{
	json_error_t why;
	json_t *value;
	const char *type;

	if (first_of(line->value, line->value_len) != '{')
		return ST_OK;
	value = json_loadb(line->value, line->value_len, 0, &why);
	if (!value)
		return error_set(err, ST_INVALID, "%s (at character %d of the value)", why.text,
				 why.position);
	type = json_string_value(json_object_get(value, "eventType"));
	(void)snprintf(line->type, sizeof(line->type), "%s", type ? type : "");
	json_decref(value);
	return ST_OK;
}

enum status typed_line_read(struct typed_line *line, const char *text, size_t len, const char *key,
			    bool raw, struct error *err)
{
	*line = (struct typed_line){ .value = text, .value_len = len };
	if (key[0]) {
		line->key = key;
		line->key_len = strlen(key);
	} else if (!raw) {
		split(line, text, len);
	}
	return raw ? ST_OK : look_into(line, err);
}

static void add_header(struct typed_line *line, const char *name, const char *value)
{
	line->headers[line->header_count++] = (struct message_header){ name, value, strlen(value) };
}

static enum status add_given(struct typed_line *line, char *given, struct error *err)
{
	for (char *rest = given, *pair; (pair = strsep(&rest, ";"));) {
		char *equals = strchr(pair, '=');

		if (!pair[0])
			continue;
		if (!equals || equals == pair)
			return error_set(err, ST_INVALID,
					 "HEADERS: '%.40s' is not name=value (separate with ;)",
					 pair);
		if (line->header_count == TYPED_LINE_HEADERS)
			return error_set(err, ST_INVALID, "HEADERS: more than %d headers",
					 TYPED_LINE_HEADERS);
		*equals = '\0';
		add_header(line, pair, equals + 1);
	}
	return ST_OK;
}

enum status typed_line_headers(struct typed_line *line, char *given, struct error *err)
{
	line->header_count = 0;
	if (given[0])
		return add_given(line, given, err);
	if (!line->type[0])
		return ST_OK;
	add_header(line, "type", line->type);
	add_header(line, "contentType", "application/json");
	add_header(line, "spring_json_header_types", SPRING_TYPES);
	return ST_OK;
}
