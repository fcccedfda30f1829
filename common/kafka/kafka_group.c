#include "common/kafka/kafka_group.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static bool is_text(const json_t *object, const char *name, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && strcmp(text, expected) == 0;
}

void kafka_group_reset(struct kafka_group *group)
{
	atomic_store(&group->coordinated, false);
	group->steady = false;
	group->statistics = group->refused_at = 0;
	group->refusal[0] = '\0';
}

void kafka_group_refused(struct kafka_group *group, const char *why)
{
	(void)snprintf(group->refusal, sizeof(group->refusal), "%s", why);
	group->refused_at = group->statistics;
}

/* The last of it, behind which text goes on; NULL: there is none. */
static const char *find_last(const char *text, size_t len, const char *what)
{
	const size_t size = strlen(what);

	for (const char *at = text + len; at >= text + size; at--) {
		if (memcmp(at - size, what, size) == 0)
			return at;
	}
	return NULL;
}

/* The group's part, which comes behind those of the partitions: these are megabytes if there are a
 * thousand, ten times a second. */
static json_t *read_group(const char *json, size_t len)
{
	const char *at = find_last(json, len, "\"cgrp\""), *end = json + len;

	while (at && at < end && (*at == ' ' || *at == ':'))
		at++;
	return at ? json_loadb(at, (size_t)(end - at), JSON_DISABLE_EOF_CHECK, NULL) : NULL;
}

void kafka_group_read(struct kafka_group *group, const char *json, size_t len)
{
	json_t *cgrp = read_group(json, len);

	atomic_store(&group->coordinated, is_text(cgrp, "state", "up"));
	group->steady = is_text(cgrp, "join_state", "steady");
	group->statistics++;
	/* The first to come may be older than the refusal. */
	if (group->steady && group->statistics > group->refused_at + 1)
		group->refusal[0] = '\0';
	json_decref(cgrp);
}
