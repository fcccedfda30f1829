#include "tools/page/action_command.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json_number.h"

extern char **environ;

struct action {
	const char *name, *script;
	char *command;    /* of the script; NULL: none */
	int64_t min, max; /* of the argument n; max 0: it takes none */
	bool settings;    /* it takes settings, see below */
};

#define STACK "stack/stack.sh"

static const struct action actions[] = {
	{ "scale", STACK, "scale", 0, 8, false },
	{ "partitions", STACK, "partitions", 1, 12, false },
	{ "kill", STACK, "kill", 1, 8, false },
	{ "pause", STACK, "pause", 1, 8, false },
	{ "resume", STACK, "resume", 1, 8, false },
	{ "broker-stop", STACK, "broker-stop", 0, 0, false },
	{ "broker-start", STACK, "broker-start", 0, 0, false },
	{ "reset", STACK, "reset", 0, 0, false },
	{ "verify", STACK, "verify", 0, 0, false },
	{ "load", "lab/innocent.sh", NULL, 0, 0, false },
	{ "settings", STACK, "up", 0, 0, true },
};

struct setting {
	const char *name;
	const char *words[4]; /* it is one of them; none: a number */
	int64_t min, max;
};

static const struct setting settings[] = {
	{ "EVENT_KEY", { "order-id", "none" }, 0, 0 },
	{ "SEQUENCING", { "off", "enforce" }, 0, 0 },
	{ "PROCESSING_ORDER", { "partition", "key", "unordered" }, 0, 0 },
	{ "DELIVERY_DELAY_MS", { NULL }, 0, 60000 },
	{ "MAX_CONCURRENCY", { NULL }, 1, 100000 },
};

static const struct action *find(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	}
	return NULL;
}

static bool read_number(const json_t *value, int64_t min, int64_t max, int64_t *out)
{
	return json_number_whole(value, out) && *out >= min && *out <= max;
}

/* The word of the list that value is; NULL: none. */
static const char *word_of(const struct setting *setting, const json_t *value)
{
	const char *text = json_string_value(value);

	for (size_t i = 0; text && i < 4 && setting->words[i]; i++) {
		if (strcmp(setting->words[i], text) == 0)
			return setting->words[i];
	}
	return NULL;
}

static enum status add_setting(struct action_command *c, const struct setting *setting,
			       const json_t *value, struct error *err)
{
	const char *word = word_of(setting, value);
	int64_t number;
	int written = -1;

	if (word)
		written = asprintf(&c->settings[c->setting_count], "%s=%s", setting->name, word);
	else if (!setting->words[0] && read_number(value, setting->min, setting->max, &number))
		written = asprintf(&c->settings[c->setting_count], "%s=%" PRId64, setting->name,
				   number);
	else
		return error_set(err, ST_INVALID, "%s has no such value", setting->name);
	if (written < 0)
		return error_set(err, ST_INTERNAL, "out of memory");
	c->setting_count++;
	return ST_OK;
}

static enum status add_settings(struct action_command *c, const json_t *arguments,
				struct error *err)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const json_t *value = json_object_get(arguments, settings[i].name);

		if (value && add_setting(c, &settings[i], value, err) != ST_OK)
			return err->status;
	}
	if (c->setting_count == 0 || (size_t)c->setting_count != json_object_size(arguments))
		return error_set(err, ST_INVALID, "there is no such setting");
	return ST_OK;
}

static enum status add_number(struct action_command *c, const struct action *action,
			      const json_t *arguments, struct error *err)
{
	int64_t n;

	if (json_object_size(arguments) > 1)
		return error_set(err, ST_INVALID, "%s takes n, and nothing else", action->name);
	if (!read_number(json_object_get(arguments, "n"), action->min, action->max, &n))
		return error_set(err, ST_INVALID,
				 "n is a whole number from %" PRId64 " to %" PRId64, action->min,
				 action->max);
	if (asprintf(&c->argv[2], "%" PRId64, n) < 0)
		return error_set(err, ST_INTERNAL, "out of memory");
	return ST_OK;
}

/* Our environment, with the settings in front: the first of a name counts. */
static enum status make_environment(struct action_command *c, struct error *err)
{
	size_t count = 0, n = 0;

	while (environ[count])
		count++;
	c->environment = calloc(count + (size_t)c->setting_count + 1, sizeof(char *));
	if (!c->environment)
		return error_set(err, ST_INTERNAL, "out of memory");
	for (int i = 0; i < c->setting_count; i++)
		c->environment[n++] = c->settings[i];
	for (size_t i = 0; i < count; i++)
		c->environment[n++] = environ[i];
	return ST_OK;
}

static enum status add_language(struct action_command *c, const char *language, struct error *err)
{
	if (asprintf(&c->settings[c->setting_count], "LAB_LANG=%s", language) < 0)
		return error_set(err, ST_INTERNAL, "out of memory");
	c->setting_count++;
	return ST_OK;
}

enum status action_command_make(struct action_command *c, const char *project, const char *language,
				const char *name, const json_t *arguments, struct error *err)
{
	const struct action *action = find(name);
	enum status st = ST_OK;

	*c = (struct action_command){ 0 };
	if (!action)
		return error_set(err, ST_INVALID, "there is no action %.40s", name);
	c->name = action->name;
	c->argv[1] = action->command;
	if (asprintf(&c->argv[0], "%s/%s", project, action->script) < 0)
		return error_set(err, ST_INTERNAL, "out of memory");
	if (action->max > 0)
		st = add_number(c, action, arguments, err);
	else if (!action->settings && json_object_size(arguments) > 0)
		st = error_set(err, ST_INVALID, "%s takes no argument", action->name);
	if (st == ST_OK && action->settings)
		st = add_settings(c, arguments, err);
	if (st == ST_OK)
		st = add_language(c, language, err);
	if (st == ST_OK)
		st = make_environment(c, err);
	if (st != ST_OK)
		action_command_fini(c);
	return st;
}

void action_command_fini(struct action_command *c)
{
	free(c->argv[0]);
	free(c->argv[2]);
	for (int i = 0; i < c->setting_count; i++)
		free(c->settings[i]);
	free(c->environment);
	*c = (struct action_command){ 0 };
}
