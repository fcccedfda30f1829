/*
 * The table of actions: which command each is, which arguments it takes, and what may be in them.
 * Nothing of a request reaches a command but numbers in their range and words of a list. Pure.
 *
 * Threads: any.
 */
#ifndef TOOLS_PAGE_ACTION_COMMAND_H
#define TOOLS_PAGE_ACTION_COMMAND_H

#include <jansson.h>

#include "common/base/error.h"

#define ACTION_SETTINGS_MAX 8

struct action_command {
	const char *name;                    /* static */
	char *argv[4];                       /* owned but the second, static; NULL ends it */
	char **environment;                  /* owned; ours and the settings */
	char *settings[ACTION_SETTINGS_MAX]; /* owned: NAME=value */
	int setting_count;
};

/* project: the folder of the scripts. language: what it prints is in it; static. ST_INVALID: what
 * is wrong with name or arguments. */
MUST_CHECK enum status action_command_make(struct action_command *command, const char *project,
					   const char *language, const char *name,
					   const json_t *arguments, struct error *err);
void action_command_fini(struct action_command *command);

#endif
