/*
 * preflight: what is in the way of a stack, looked at before anything is started or stopped, and
 * all of it told at once: names of settings that nothing knows, ports that are taken, a disk that
 * is full. It changes nothing.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/base/config.h"
#include "tools/preflight/names.h"
#include "tools/preflight/ports.h"

#define EXIT_FREE       0
#define EXIT_IN_THE_WAY 1
#define EXIT_TROUBLE    2

struct config {
	const char *ports, *given, *known, *run_dir;
	int64_t space_mb;
};

static const struct config_key keys[] = {
	{ "PORTS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, ports), "", 0, 0, NULL,
	  "ports that must be free: SETTING:PORT:WHAT, comma separated" },
	{ "GIVEN", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, given), "", 0, 0, NULL,
	  "names of settings that a user gave, separated by blanks" },
	{ "KNOWN", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, known), "", 0, 0, NULL,
	  "names of all settings, separated by blanks" },
	{ "RUN_DIR", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, run_dir), ".run", 0, 0,
	  NULL, "folder of the stack" },
	{ "SPACE_MB", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, space_mb), "0", 0, 1000000,
	  NULL, "what must be free on its disk" },
	{ 0 },
};

static const struct config_program program = {
	.name = "preflight",
	.summary = "says what is in the way of a stack",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.manner = "Prints a line for each thing that is in the way.",
	.exit_status = "0 nothing; 1 something; 2 bad settings.",
};

/* Returns how many disks are too full. A folder that cannot be asked is somebody else's matter. */
static int tell_space(const struct config *config, struct strbuf *out)
{
	struct statvfs disk;
	uint64_t free_mb;

	if (config->space_mb == 0 || statvfs(config->run_dir, &disk) != 0)
		return 0;
	free_mb = (uint64_t)disk.f_bavail * disk.f_frsize >> 20;
	if (free_mb >= (uint64_t)config->space_mb)
		return 0;
	strbuf_printf(
		out,
		"the disk is full: %ju MB are free for %s, and the stack needs %jd: free some, or "
		"set RUN_DIR to a folder of another disk\n",
		(uintmax_t)free_mb, config->run_dir, (intmax_t)config->space_mb);
	return 1;
}

int main(int argc, char **argv)
{
	static struct ports ports;
	static char text[65536];
	struct strbuf out = STRBUF_ON(text);
	struct config config;
	int status = config_main(&program, argc, argv, &config);
	int found;

	if (status >= 0)
		return status;
	if (!ports_parse(&ports, config.ports)) {
		(void)fprintf(stderr,
			      "preflight: PORTS is not SETTING:PORT:WHAT, comma separated\n");
		return EXIT_TROUBLE;
	}
	ports_look(&ports);
	found = names_tell_unknown(config.given, config.known, &out) + tell_space(&config, &out) +
		ports_tell(&ports, &out);
	(void)fputs(text, stdout);
	return found == 0 ? EXIT_FREE : EXIT_IN_THE_WAY;
}
