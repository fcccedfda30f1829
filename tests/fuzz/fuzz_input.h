/*
 * The bytes of a fuzzer as values: numbers, texts, and a message with headers. What has run out is
 * zero or empty.
 *
 * Threads: one owner.
 */
#ifndef TESTS_FUZZ_FUZZ_INPUT_H
#define TESTS_FUZZ_FUZZ_INPUT_H

#include <stdint.h>
#include <string.h>

#include "common/event/message.h"

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

/* Small ones more often than others. */
static inline int64_t fuzz_number(struct fuzz_input *in)
{
	uint8_t first = fuzz_byte(in);
	uint64_t number = 0;

	if (first < 0xf0)
		return first % 16;
	for (int i = 0; i < 8; i++)
		number = number << 8 | fuzz_byte(in);
	return (int64_t)number;
}

static inline const void *fuzz_bytes(struct fuzz_input *in, size_t len)
{
	const void *bytes = in->at;

	if (len > in->left)
		len = in->left;
	in->at += len;
	in->left -= len;
	return bytes;
}

#define FUZZ_TEXT_SIZE 40

/* One of the words (NULL-terminated), or any text. */
static inline const char *fuzz_text(struct fuzz_input *in, const char *const *words,
				    char buffer[FUZZ_TEXT_SIZE])
{
	uint8_t choice = fuzz_byte(in);
	size_t count = 0, len;

	while (words[count])
		count++;
	if (choice < count)
		return words[choice];
	len = fuzz_byte(in) % FUZZ_TEXT_SIZE;
	if (len > in->left)
		len = in->left;
	memset(buffer, 0, FUZZ_TEXT_SIZE);
	memcpy(buffer, fuzz_bytes(in, len), len);
	return buffer;
}

/* --- a message ----------------------------------------------------------------------------- */

#define FUZZ_TOPIC   "kafka.scaling"
#define FUZZ_HEADERS 6

struct fuzz_message {
	struct message plain;
	struct message_header headers[FUZZ_HEADERS];
	char texts[2 * FUZZ_HEADERS][FUZZ_TEXT_SIZE];
};

static inline void fuzz_header(struct fuzz_input *in, struct fuzz_message *m, size_t i)
{
	static const char *const names[] = { "type",
					     "x-original-topic",
					     "x-original-partition",
					     "x-original-offset",
					     "x-original-timestamp",
					     "x-exception-message",
					     NULL };
	static const char *const values[] = { "OrderPlaced",
					      "OrderModified",
					      "OrderCancelled",
					      "DeliveryStarted",
					      "DeliveryModified",
					      "\"OrderPlaced\"",
					      FUZZ_TOPIC,
					      "0",
					      "1",
					      "7",
					      "2147483647",
					      "9223372036854775807",
					      NULL };
	struct message_header *header = &m->headers[i];

	header->name = fuzz_text(in, names, m->texts[2 * i]);
	if (fuzz_byte(in) == 0xff)
		return; /* a null value */
	header->value = fuzz_text(in, values, m->texts[2 * i + 1]);
	header->len = strlen(header->value);
	if (header->value == m->texts[2 * i + 1])
		header->len = fuzz_byte(in) % FUZZ_TEXT_SIZE; /* with NULs in it */
}

static inline void fuzz_message(struct fuzz_input *in, struct fuzz_message *m)
{
	memset(m, 0, sizeof(*m));
	m->plain.topic = FUZZ_TOPIC;
	m->plain.at = (struct topic_offset){ fuzz_byte(in) % 3, fuzz_number(in) & 0xffffffffffff };
	m->plain.timestamp_ms = fuzz_number(in);
	m->plain.header_count = fuzz_byte(in) % (FUZZ_HEADERS + 1);
	m->plain.headers = m->headers;
	for (size_t i = 0; i < m->plain.header_count; i++)
		fuzz_header(in, m, i);
	if (fuzz_byte(in) == 0xff)
		return; /* no key */
	m->plain.key_len = fuzz_byte(in) % 8;
	if (m->plain.key_len > in->left)
		m->plain.key_len = in->left;
	m->plain.key = fuzz_bytes(in, m->plain.key_len);
}

/* Its payload is the next len bytes. */
static inline void fuzz_payload(struct fuzz_input *in, struct fuzz_message *m, size_t len)
{
	m->plain.payload_len = len < in->left ? len : in->left;
	m->plain.payload = fuzz_bytes(in, m->plain.payload_len);
}

#endif
