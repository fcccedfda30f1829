#include "common/kafka/kafka_stuck.h"

#include <stdlib.h>
#include <string.h>

/* In the statistics a partition says its number, its broker, its leader, and whether it is to be
 * read, in this order. */
#define NUMBER    "\"partition\":"
#define NO_BROKER "\"broker\":-1,"
#define WANTED    "\"desired\":true"
#define NEAR      48

/* The number that is said shortly before at. */
static int32_t number_before(const char *json, const char *at)
{
	const char *found = strstr(at - json > NEAR ? at - NEAR : json, NUMBER);

	return found && found < at ? (int32_t)strtol(found + strlen(NUMBER), NULL, 10) : -1;
}

static bool is_wanted(const char *at)
{
	const char *wanted = strstr(at, WANTED), *next = strstr(at, NUMBER);

	return wanted && (!next || wanted < next);
}

/* -1: each that is to be read has one. */
static int32_t find_without_broker(const char *json)
{
	for (const char *at = json; (at = strstr(at, NO_BROKER)); at++) {
		int32_t number = number_before(json, at);

		if (number >= 0 && is_wanted(at))
			return number;
	}
	return -1;
}

void kafka_stuck_read(struct kafka_stuck *s, const char *json, bool answered, int64_t now)
{
	int32_t partition = answered ? find_without_broker(json) : -1;

	if (partition < 0 || partition != s->partition)
		s->since_mono_ms = 0;
	if (partition >= 0 && !s->since_mono_ms)
		s->since_mono_ms = now;
	s->partition = partition;
}

bool kafka_stuck_is_suspect(struct kafka_stuck *s, int64_t now)
{
	if (!s->since_mono_ms || now - s->since_mono_ms < KAFKA_STUCK_AFTER_MS ||
	    (s->asked_mono_ms && now - s->asked_mono_ms < KAFKA_STUCK_ASK_MS))
		return false;
	s->asked_mono_ms = now;
	return true;
}
