#include "common/runtime/pid_file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool got = file && fgets(line, (int)size, file);

	if (file)
		(void)fclose(file);
	return got;
}

/* The command's name, the second field, is in parentheses and may hold anything. */
bool pid_file_parse_stat(const char *line, struct pid_file_stat *out)
{
	const char *fields = strrchr(line, ')');

	return fields &&
	       sscanf(fields + 1,
		      " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d "
		      "%llu",
		      &out->state, &out->parent, &out->thread_count, &out->start_time) == 4;
}

bool pid_file_read_stat(pid_t pid, struct pid_file_stat *out)
{
	char path[40], line[1024];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return read_line(path, line, sizeof(line)) && pid_file_parse_stat(line, out);
}

/* A zombie whose other threads are still being torn down has its ports and locks yet. */
bool pid_file_lives(const struct pid_file_stat *stat)
{
	return (stat->state != 'Z' && stat->state != 'X') || stat->thread_count > 1;
}

pid_t pid_file_find(const char *run_dir, const char *name)
{
	char path[PATH_MAX], line[64];
	unsigned long long started = 0;
	struct pid_file_stat stat;
	int pid = 0;

	(void)snprintf(path, sizeof(path), "%s/pid/%s", run_dir, name);
	if (!read_line(path, line, sizeof(line)) || sscanf(line, "%d %llu", &pid, &started) != 2 ||
	    pid <= 0 || !pid_file_read_stat(pid, &stat))
		return 0;
	if (pid_file_lives(&stat))
		return stat.start_time == started ? pid : 0;
	(void)waitpid(pid, NULL, WNOHANG); /* nobody else ends what this program started */
	return 0;
}
