#include "tests/faults/service_logs.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/phrases.h"

static void judge_line(struct service_logs *logs, const char *line)
{
	logs->assigned += strstr(line, "msg=\"partition assigned\"") != NULL;
	logs->fenced += strstr(line, "msg=\"fenced:") != NULL;
	if (phrases_is_loss(line)) {
		logs->losses++;
		return;
	}
	if (!phrases_is_error(line) || logs->errors++ > 0)
		return;
	(void)snprintf(logs->first_error, sizeof(logs->first_error), "%.*s",
		       (int)strcspn(line, "\n"), line);
}

static void read_file(struct service_logs *logs, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) >= 0)
		judge_line(logs, line);
	free(line);
	if (file)
		(void)fclose(file);
}

static void read_matching(struct service_logs *logs, const char *run_dir, const char *pattern)
{
	char path[PATH_MAX];
	glob_t found;

	(void)snprintf(path, sizeof(path), "%s/log/%s", run_dir, pattern);
	if (glob(path, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		read_file(logs, found.gl_pathv[i]);
	globfree(&found);
}

struct service_logs service_logs_read(const char *run_dir)
{
	struct service_logs logs = { 0 };

	read_matching(&logs, run_dir, "order-service*.log");
	read_matching(&logs, run_dir, "delivery-*.log");
	return logs;
}
