#include "tools/topics/acl_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS    " \t\n"
#define LINE_SIZE 1024

static const char *const kinds[] = { "topic", "group", "transactional-id", NULL };
static const char *const operations[] = { "read", "write", "describe", "describe-configs", NULL };

/* The place of the word among the names; -1: it is none of them. */
static int place_of(const char *word, const char *const *names)
{
	for (int i = 0; word && names[i]; i++) {
		if (strcmp(word, names[i]) == 0)
			return i;
	}
	return -1;
}

/* The resource's name without the sign of a prefix. */
static void set_name(struct acl *acl, const char *word, const char *topic, const char *group)
{
	const char *name = strcmp(word, "{topic}") == 0   ? topic
			   : strcmp(word, "{group}") == 0 ? group
							  : word;
	size_t len = strlen(word);

	acl->prefix = name == word && len > 1 && word[len - 1] == '*';
	(void)snprintf(acl->name, sizeof(acl->name), "%.*s",
		       acl->prefix ? (int)len - 1 : (int)strlen(name), name);
}

enum status acl_list_add(struct acl_list *list, char *line, const char *topic, const char *group,
			 struct error *err)
{
	struct acl acl = { 0 };
	char *rest = NULL, *principal, *kind, *name, *operation;
	int place;

	line[strcspn(line, "#")] = '\0';
	principal = strtok_r(line, BLANKS, &rest);
	if (!principal)
		return ST_OK;
	kind = strtok_r(NULL, BLANKS, &rest);
	name = strtok_r(NULL, BLANKS, &rest);
	operation = strtok_r(NULL, BLANKS, &rest);
	place = place_of(kind, kinds);
	if (place < 0 || !operation)
		return error_set(err, ST_INVALID,
				 "'%.60s' is not given as: topic|group|"
				 "transactional-id NAME OPERATION...",
				 principal);
	acl.kind = (enum acl_kind)place;
	(void)snprintf(acl.principal, sizeof(acl.principal), "User:%s", principal);
	set_name(&acl, name, topic, group);
	for (; operation; operation = strtok_r(NULL, BLANKS, &rest)) {
		place = place_of(operation, operations);
		if (place < 0 || list->count == ACL_LIST_MAX)
			return error_set(err, ST_INVALID, "%s: %s '%.60s'", principal,
					 place < 0 ? "no operation is" : "too many lines before",
					 operation);
		acl.operation = (enum acl_operation)place;
		list->acl[list->count++] = acl;
	}
	return ST_OK;
}

enum status acl_list_read(struct acl_list *list, const char *path, const char *topic,
			  const char *group, struct error *err)
{
	char line[LINE_SIZE];
	FILE *file = fopen(path, "re");
	enum status st = ST_OK;

	list->count = 0;
	if (!file)
		return error_set(err, ST_NOT_FOUND, "KAFKA_ACLS=%s cannot be read", path);
	while (st == ST_OK && fgets(line, sizeof(line), file))
		st = acl_list_add(list, line, topic, group, err);
	(void)fclose(file);
	return st;
}
