/*
 * The headers of a message as the text in the column outbox.headers, and back, byte for byte: in
 * their order, with names that come again, null values, and bytes that are no text.
 *
 * The text is an object of strings, {"name": "value"}, where that can say it: an older relay, which
 * may run beside during an upgrade, reads only these. Else it is an array of pairs,
 * [["name", "value"], ["name", null], ["name", {"hex": "ff00"}]]. Pure.
 *
 * Threads: any; values only.
 */
#ifndef COMMON_OUTBOX_OUTBOX_HEADERS_H
#define COMMON_OUTBOX_OUTBOX_HEADERS_H

#include "common/base/error.h"
#include "common/event/message.h"
#include "common/trace/trace.h"

/* Returns owned text (free); NULL: out of memory. */
char *outbox_headers_encode(const struct message_header *headers, size_t count);

/* Those that carry a trace. Returns owned text (free); NULL: out of memory. */
char *outbox_headers_of_trace(const struct trace *trace);

/* Reads text, which any hand may have written: what is no header is left out. Returns owned (free):
 * one block, names and values included. NULL: out of memory. */
MUST_CHECK struct message_header *outbox_headers_decode(const char *text, size_t *count);

#endif
