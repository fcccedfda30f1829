#include "tools/demo/part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_STATE   0 /* as counted behind the name, which may hold anything */
#define FIELD_THREADS 17
#define FIELD_START   19

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *in = fopen(path, "re");
	bool read = in && fgets(line, (int)size, in);

	if (in)
		(void)fclose(in);
	return read;
}

/* A zombie whose threads are still being torn down has its ports and locks yet. */
bool part_is_alive(const char *stat, const char *start)
{
	const char *rest = strrchr(stat, ')');
	char fields[1024], *field, *left = NULL;
	bool dead = false;
	int number = 0;

	(void)snprintf(fields, sizeof(fields), "%s", rest ? rest + 1 : "");
	for (field = strtok_r(fields, " \n", &left); field && number < FIELD_START; number++) {
		if (number == FIELD_STATE)
			dead = *field == 'Z' || *field == 'X';
		if (number == FIELD_THREADS)
			dead = dead && strtol(field, NULL, 10) <= 1;
		field = strtok_r(NULL, " \n", &left);
	}
	return field && !dead && strcmp(field, start) == 0;
}

int64_t part_pid(const char *run_dir, const char *name)
{
	char path[4096], line[128], stat[1024], start[64];
	int64_t pid;

	(void)snprintf(path, sizeof(path), "%s/pid/%s", run_dir, name);
	if (!read_line(path, line, sizeof(line)) ||
	    sscanf(line, "%" SCNd64 " %63s", &pid, start) != 2)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
	return read_line(path, stat, sizeof(stat)) && part_is_alive(stat, start) ? pid : 0;
}

size_t part_numbers(const char *run_dir, const char *kind, int numbers[PART_NUMBERS_MAX])
{
	char name[64];
	size_t count = 0;

	if (part_pid(run_dir, kind))
		numbers[count++] = 1;
	for (int number = 1; number < PART_NUMBERS_MAX && count < PART_NUMBERS_MAX; number++) {
		(void)snprintf(name, sizeof(name), "%s-%d", kind, number);
		if (part_pid(run_dir, name))
			numbers[count++] = number;
	}
	return count;
}
