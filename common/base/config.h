/*
 * Settings from the environment, described once in tables that feed parsing, --help,
 * --print-config and the error texts. A program lists its tables; one may be shared with others. An
 * empty variable counts as unset. All keys are checked before anything starts; a bad one names key,
 * value and what is allowed.
 *
 * Threads: start-up only; the filled struct is read-only afterwards.
 */
#ifndef COMMON_BASE_CONFIG_H
#define COMMON_BASE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"

enum config_type {
	CONFIG_TEXT,   /* const char *: borrowed from the environment or the table */
	CONFIG_INT,    /* int64_t in [min, max] */
	CONFIG_CHOICE, /* int: index into choices */
	CONFIG_SET,    /* unsigned: bit i set for each choices[i] named, comma separated */
};

enum config_secrecy {
	CONFIG_PUBLIC,
	CONFIG_SECRET_URL,   /* a password inside is masked */
	CONFIG_SECRET_PAIRS, /* name=value pairs: names shown, values masked */
};

/* A table of keys is an array that ends with one without a name. */
struct config_key {
	const char *name;
	enum config_type type;
	enum config_secrecy secrecy;
	size_t offset; /* in the struct that its table fills */
	const char *fallback;
	int64_t min, max;
	const char *const *choices; /* NULL-terminated */
	const char *help;
};

/* Keys, and where in the program's struct the one that they fill stands. */
struct config_table {
	const struct config_key *keys;
	size_t offset;
	const char *title; /* in --help, above the keys; NULL: none */
	/* What no key tells by itself. settings: the struct that the keys fill, all of them good.
	 * Returns the number of bad values, each with a line in problems. NULL: nothing. */
	size_t (*check)(const void *settings, struct strbuf *problems);
};

/* What a program has instead of a key's own fallback. */
struct config_default {
	const char *name, *fallback;
};

struct config_program {
	const char *name;
	const char *summary;
	const struct config_table *tables;     /* ends with one without keys */
	const struct config_default *defaults; /* ends with one without a name; NULL: none */
	/* For a program that is no service, in --help; NULL: as a service. */
	const char *flags;       /* of its own, for the usage line: main serves them */
	const char *manner;      /* what it does when it runs */
	const char *exit_status; /* what its exit status says */
};

/* How a setting is looked up: getenv, or a test's own. */
typedef const char *config_lookup(const char *name);

/*
 * Fills cfg, the struct that the tables' offsets point into. Returns the number of bad values, each
 * with a line in problems.
 */
size_t config_load(const struct config_program *program, config_lookup *lookup, void *cfg,
		   struct strbuf *problems);

/* NAME=value lines with secrets masked. */
void config_print(const struct config_program *program, const void *cfg, struct strbuf *out);

/* Calls take for each setting that is no secret, with its value as text. */
void config_each_public(const struct config_program *program, const void *cfg,
			void (*take)(void *context, const char *name, const char *value),
			void *context);

/* The --help text with the tables of settings. */
void config_help(const struct config_program *program, struct strbuf *out);

/*
 * What every main does first: loads cfg from the environment and serves --help, --version,
 * --check-config and --print-config. Returns -1 to go on, else the exit status (2 for bad
 * settings or arguments).
 */
int config_main(const struct config_program *program, int argc, char **argv, void *cfg);

/* Copies url with the password (userinfo or password= parameter) as ***; *** alone in doubt. */
void config_mask_url(const char *url, struct strbuf *out);

#endif
