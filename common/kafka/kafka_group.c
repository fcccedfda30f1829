#include "common/kafka/kafka_group.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static bool is_text(const json_t *object, const char *name, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && strcmp(text, expected) == 0;
}

void kafka_group_refused(struct kafka_group *group, const char *why)
{
	(void)snprintf(group->refusal, sizeof(group->refusal), "%s", why);
	group->refused_at = group->statistics;
}

void kafka_group_read(struct kafka_group *group, const char *json, size_t len)
{
	json_t *root = json_loadb(json, len, 0, NULL);
	const json_t *cgrp = json_object_get(root, "cgrp");

	atomic_store(&group->coordinated, is_text(cgrp, "state", "up"));
	group->steady = is_text(cgrp, "join_state", "steady");
	group->statistics++;
	/* The first to come may be older than the refusal. */
	if (group->steady && group->statistics > group->refused_at + 1)
		group->refusal[0] = '\0';
	json_decref(root);
}
