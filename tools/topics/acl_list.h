/*
 * The list of who may what: a file with a line for each principal and resource.
 *
 *   principal kind name operation...     # to the end of the line: a comment
 *
 * kind: topic, group, transactional-id. operation: read, write, describe, describe-configs. A name
 * that ends in * is a prefix, and * alone is every name; {topic} and {group} stand for what the
 * caller says.
 *
 * Threads: values only.
 */
#ifndef TOOLS_TOPICS_ACL_LIST_H
#define TOOLS_TOPICS_ACL_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

#define ACL_LIST_MAX  100
#define ACL_NAME_SIZE 256

enum acl_kind { ACL_TOPIC, ACL_GROUP, ACL_TRANSACTIONAL_ID };
enum acl_operation { ACL_READ, ACL_WRITE, ACL_DESCRIBE, ACL_DESCRIBE_CONFIGS };

struct acl {
	char principal[ACL_NAME_SIZE], name[ACL_NAME_SIZE];
	enum acl_kind kind;
	enum acl_operation operation;
	bool prefix; /* name is the beginning of the resources' names */
};

struct acl_list {
	struct acl acl[ACL_LIST_MAX]; /* one for each operation of each line */
	size_t count;
};

/* Adds what one line says; a line without words adds nothing. The line is written to. ST_INVALID:
 * why. */
MUST_CHECK enum status acl_list_add(struct acl_list *list, char *line, const char *topic,
				    const char *group, struct error *err);

/* All lines of a file. ST_INVALID, ST_NOT_FOUND. */
MUST_CHECK enum status acl_list_read(struct acl_list *list, const char *path, const char *topic,
				     const char *group, struct error *err);

#endif
