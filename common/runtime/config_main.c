/* The part of config.h that meets the process: environment, arguments, stdout. */
#include "common/base/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/version.h"

static const char *from_environment(const char *name)
{
	return getenv(name);
}

static int show(void (*put)(const struct config_program *, const void *, struct strbuf *),
		const struct config_program *program, const void *cfg)
{
	char text[16384] = "";
	struct strbuf sb = STRBUF_ON(text);

	put(program, cfg, &sb);
	(void)fputs(text, stdout);
	return sb.overflow ? 1 : 0;
}

static void put_help(const struct config_program *program, const void *cfg, struct strbuf *out)
{
	(void)cfg;
	config_help(program, out);
}

int config_main(const struct config_program *program, int argc, char **argv, void *cfg)
{
	char text[4096] = "";
	struct strbuf problems = STRBUF_ON(text);
	const char *flag = argc > 1 ? argv[1] : "";

	if (argc > 2 ||
	    (argc == 2 && strcmp(flag, "--help") != 0 && strcmp(flag, "--version") != 0 &&
	     strcmp(flag, "--check-config") != 0 && strcmp(flag, "--print-config") != 0)) {
		(void)fprintf(stderr, "%s: unknown argument '%s', see %s --help\n", program->name,
			      argv[argc - 1], program->name);
		return 2;
	}
	if (strcmp(flag, "--help") == 0)
		return show(put_help, program, cfg);
	if (strcmp(flag, "--version") == 0) {
		(void)printf("%s %s\n", program->name, PROJECT_VERSION);
		return 0;
	}
	if (config_load(program, from_environment, cfg, &problems) > 0) {
		(void)fprintf(stderr, "%s: bad settings, see %s --help\n%s", program->name,
			      program->name, text);
		return 2;
	}
	if (strcmp(flag, "--check-config") == 0)
		return 0;
	if (strcmp(flag, "--print-config") == 0)
		return show(config_print, program, cfg);
	return -1;
}
