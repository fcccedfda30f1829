#include "tools/dead-letters/replay_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/contract.h"
#include "common/kafka/kafka_sender.h"

#define EXCEPTION_PREFIX "x-exception-"
#define REPLAYED_FROM    "x-replayed-from"

struct replay_send {
	struct kafka_sender *sender;
	/* The topic asked for last, and how many partitions it has: */
	char known_topic[256];
	int32_t known_count;
};

enum status replay_send_open(struct replay_send **out, const struct kafka_settings *settings,
			     struct error *err)
{
	struct replay_send *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, ST_INTERNAL, "out of memory");
	if (kafka_sender_open(&s->sender, settings, err) != ST_OK) {
		free(s);
		return err->status;
	}
	*out = s;
	return ST_OK;
}

void replay_send_close(struct replay_send *s)
{
	if (!s)
		return;
	kafka_sender_close(s->sender);
	free(s);
}

/* Else librdkafka would wait half a minute for a topic or a partition to be made. */
static enum status require_partition(struct replay_send *s, const char *topic, int32_t partition,
				     struct error *err)
{
	enum status st;

	if (strcmp(s->known_topic, topic) != 0) {
		st = kafka_sender_partitions(s->sender, topic, &s->known_count, err);
		if (st != ST_OK)
			return err->status = st == ST_NOT_FOUND ? ST_CONFLICT : st;
		(void)snprintf(s->known_topic, sizeof(s->known_topic), "%s", topic);
	}
	if (partition >= s->known_count)
		return error_set(err, ST_CONFLICT,
				 "it has no key and came from partition %" PRId32
				 ", but topic %s has only %" PRId32,
				 partition, topic, s->known_count);
	return ST_OK;
}

/* The letter's headers without what was said of it as a letter. headers has room for two more. */
static size_t keep_headers(const struct message *letter, struct message_header *headers)
{
	size_t count = 0;

	for (size_t i = 0; i < letter->header_count; i++) {
		const struct message_header *h = &letter->headers[i];

		if (strncmp(h->name, EXCEPTION_PREFIX, strlen(EXCEPTION_PREFIX)) != 0 &&
		    strcmp(h->name, REPLAYED_FROM) != 0)
			headers[count++] = *h;
	}
	return count;
}

static struct message_header text_header(const char *name, const char *text)
{
	return (struct message_header){ name, text, strlen(text) };
}

/* reason NULL: none. */
static enum status send_message(struct replay_send *s, const struct message *letter,
				const char *topic, int32_t partition, const char *reason,
				struct topic_offset *at, struct error *err)
{
	struct message_header *headers = calloc(letter->header_count + 2, sizeof(*headers));
	struct message m = *letter;
	char from[48];
	enum status st;

	if (!headers)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	m.at.partition = partition;
	m.headers = headers;
	m.header_count = keep_headers(letter, headers);
	if (reason)
		headers[m.header_count++] = text_header(CONTRACT_EXCEPTION_MESSAGE, reason);
	(void)snprintf(from, sizeof(from), "%" PRId32 ":%" PRId64, letter->at.partition,
		       letter->at.offset);
	headers[m.header_count++] = text_header(REPLAYED_FROM, from);
	st = kafka_sender_send(s->sender, topic, &m, err);
	free(headers);
	if (st == ST_OK)
		*at = m.at;
	return st;
}

enum status replay_send_letter(struct replay_send *s, const struct message *letter,
			       const char *topic, int32_t partition, struct topic_offset *at,
			       struct error *err)
{
	int32_t chosen = letter->key ? -1 : partition;

	if (strcmp(topic, CONTRACT_DEAD_LETTER_TOPIC) == 0)
		return error_set(err, ST_CONFLICT, "it says that it came from %s itself", topic);
	if (require_partition(s, topic, chosen, err) != ST_OK)
		return err->status;
	return send_message(s, letter, topic, chosen, NULL, at, err);
}

enum status replay_send_back(struct replay_send *s, const struct message *letter,
			     const char *reason, struct topic_offset *at, struct error *err)
{
	return send_message(s, letter, CONTRACT_DEAD_LETTER_TOPIC, -1, reason, at, err);
}
