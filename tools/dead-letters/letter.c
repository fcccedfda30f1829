#include "tools/dead-letters/letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/event/contract.h"
#include "common/kafka/kafka_client.h"

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

void letter_number_text(const struct letter *letter, bool several, char text[LETTER_NUMBER_SIZE])
{
	const rd_kafka_message_t *m = letter->message;

	if (several)
		(void)snprintf(text, LETTER_NUMBER_SIZE, "%" PRId32 ":%" PRId64, m->partition,
			       m->offset);
	else
		(void)snprintf(text, LETTER_NUMBER_SIZE, "%" PRId64, m->offset);
}

static int64_t header_number(const rd_kafka_message_t *m, const char *name, int64_t max)
{
	int64_t number;
	const char *text;
	size_t len;

	return kafka_header(m, name, &text, &len) && parse_i64(text, len, 0, max, &number) ? number
											   : -1;
}

void letter_init(struct letter *letter, rd_kafka_message_t *message)
{
	const char *topic;
	size_t len;

	*letter = (struct letter){ .message = message };
	letter->partition = (int32_t)header_number(message, CONTRACT_ORIGIN_PARTITION, INT32_MAX);
	letter->offset = header_number(message, CONTRACT_ORIGIN_OFFSET, INT64_MAX);
	if (kafka_header(message, CONTRACT_ORIGIN_TOPIC, &topic, &len) && len <= TOPIC_NAME_MAX &&
	    !memchr(topic, '\0', len))
		memcpy(letter->topic, topic, len);
}

void letter_fini(struct letter *letter)
{
	if (letter->message)
		rd_kafka_message_destroy(letter->message);
	*letter = (struct letter){ .message = NULL };
}
