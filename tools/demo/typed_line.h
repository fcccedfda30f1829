/*
 * A line that somebody typed for the topic: key and value, and the headers that the events of the
 * lab have. Nothing is sent here.
 *
 * Threads: any; values only.
 */
#ifndef TOOLS_DEMO_TYPED_LINE_H
#define TOOLS_DEMO_TYPED_LINE_H

#include "common/base/error.h"
#include "common/event/message.h"

#define TYPED_LINE_HEADERS 16

struct typed_line {
	const char *key; /* NULL: none; borrowed from the line, or what was given */
	size_t key_len;
	const char *value; /* borrowed from the line */
	size_t value_len;
	char type[64]; /* the value's eventType; "": it is none of the lab's events */
	struct message_header headers[TYPED_LINE_HEADERS];
	size_t header_count;
};

/*
 * A line is "key:value", or a value alone: whatever begins with a brace, or has no colon. Under a
 * given key (not ""), or raw, all of the line is the value. ST_INVALID: a value begins like JSON
 * and is none; err says where. Raw values are not looked at.
 */
MUST_CHECK enum status typed_line_read(struct typed_line *line, const char *text, size_t len,
				       const char *key, bool raw, struct error *err);

/*
 * The headers: those of given ("name=value;name=value", modified here and borrowed), or, if it is
 * "", those of an event of the lab. ST_INVALID: given is malformed.
 */
MUST_CHECK enum status typed_line_headers(struct typed_line *line, char *given, struct error *err);

#endif
