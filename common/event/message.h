/*
 * A message of a topic, as plain values: what a consumer hands out and what events are read from,
 * with no library behind it.
 *
 * Threads: any; values only.
 */
#ifndef COMMON_EVENT_MESSAGE_H
#define COMMON_EVENT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct topic_offset {
	int32_t partition;
	int64_t offset;
};

struct message_header {
	const char *name;
	const void *value; /* NULL: a null value */
	size_t len;
};

/* Everything is borrowed. */
struct message {
	const char *topic;
	struct topic_offset at;
	int64_t timestamp_ms;
	const void *key; /* NULL: none */
	size_t key_len;
	const void *payload; /* NULL: none */
	size_t payload_len;
	const struct message_header *headers; /* in the message's order; a name may come again */
	size_t header_count;
};

/*
 * The text of the last header of that name, without the JSON quotes that Spring puts around it.
 * False: no such header, or a null value. *text is borrowed and not NUL-terminated.
 */
bool message_header_text(const struct message *message, const char *name, const char **text,
			 size_t *len);

/* Likewise a whole number from 0 to max in decimal. False: there is none. */
bool message_header_number(const struct message *message, const char *name, int64_t max,
			   int64_t *number);

#endif
