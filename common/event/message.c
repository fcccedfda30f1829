#include "common/event/message.h"

#include <string.h>

#include "common/base/parse.h"

static const struct message_header *last_of_name(const struct message *m, const char *name)
{
	for (size_t i = m->header_count; i > 0; i--) {
		if (strcmp(m->headers[i - 1].name, name) == 0)
			return &m->headers[i - 1];
	}
	return NULL;
}

bool message_header_text(const struct message *m, const char *name, const char **text, size_t *len)
{
	const struct message_header *header = last_of_name(m, name);
	const char *value = header ? header->value : NULL;
	bool quoted;

	if (!value)
		return false;
	quoted = header->len >= 2 && value[0] == '"' && value[header->len - 1] == '"';
	*text = quoted ? value + 1 : value;
	*len = quoted ? header->len - 2 : header->len;
	return true;
}

bool message_header_number(const struct message *m, const char *name, int64_t max, int64_t *number)
{
	const char *text;
	size_t len;

	return message_header_text(m, name, &text, &len) && parse_i64(text, len, 0, max, number);
}
