#include "tools/dead-letters/letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/event/contract.h"

bool letter_parse_number(const char *text, struct letter_number *out)
{
	const char *colon = strchr(text, ':');
	const char *rest = colon ? colon + 1 : text;
	int64_t partition = -1, offset;

	if (colon && !parse_i64(text, (size_t)(colon - text), 0, INT32_MAX, &partition))
		return false;
	if (!parse_i64(rest, strlen(rest), 0, INT64_MAX, &offset))
		return false;
	*out = (struct letter_number){ (int32_t)partition, offset };
	return true;
}

void letter_number_write(struct topic_offset at, bool several, char text[LETTER_NUMBER_SIZE])
{
	if (several)
		(void)snprintf(text, LETTER_NUMBER_SIZE, "%" PRId32 ":%" PRId64, at.partition,
			       at.offset);
	else
		(void)snprintf(text, LETTER_NUMBER_SIZE, "%" PRId64, at.offset);
}

void letter_number_text(const struct letter *letter, bool several, char text[LETTER_NUMBER_SIZE])
{
	letter_number_write(letter->message.plain.at, several, text);
}

static int64_t header_number(const struct message *m, const char *name, int64_t max)
{
	int64_t number;

	return message_header_number(m, name, max, &number) ? number : -1;
}

void letter_read_origin(struct letter *letter, const struct message *m)
{
	const char *topic;
	size_t len;

	letter->partition = (int32_t)header_number(m, CONTRACT_ORIGIN_PARTITION, INT32_MAX);
	letter->offset = header_number(m, CONTRACT_ORIGIN_OFFSET, INT64_MAX);
	if (message_header_text(m, CONTRACT_ORIGIN_TOPIC, &topic, &len) && len <= TOPIC_NAME_MAX &&
	    !memchr(topic, '\0', len))
		memcpy(letter->topic, topic, len);
}

bool letter_init(struct letter *letter, rd_kafka_message_t *raw)
{
	*letter = (struct letter){ .raw = raw };
	if (!kafka_message_read(&letter->message, raw))
		return false;
	letter_read_origin(letter, &letter->message.plain);
	return true;
}

void letter_fini(struct letter *letter)
{
	kafka_message_fini(&letter->message);
	if (letter->raw)
		rd_kafka_message_destroy(letter->raw);
	*letter = (struct letter){ .raw = NULL };
}
