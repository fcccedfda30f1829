#include "tests/support/process.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/pid_file.h"
#include "tests/support/wait.h"

bool process_note(const char *run_dir, const char *name, pid_t pid)
{
	char path[PATH_MAX], new_path[PATH_MAX + 4];
	struct pid_file_stat stat;
	FILE *file;
	bool written;

	if (!pid_file_read_stat(pid, &stat) || !pid_file_lives(&stat))
		return false;
	(void)snprintf(path, sizeof(path), "%s/pid/%s", run_dir, name);
	(void)snprintf(new_path, sizeof(new_path), "%s.new", path);
	file = fopen(new_path, "we");
	if (!file)
		return false;
	written = fprintf(file, "%d %llu\n", (int)pid, stat.start_time) > 0;
	return fclose(file) == 0 && written && rename(new_path, path) == 0;
}

bool process_signal(const char *run_dir, const char *name, pid_t pid, int sig)
{
	return pid > 0 && pid_file_find(run_dir, name) == pid && kill(pid, sig) == 0;
}

static void signal_children(pid_t parent, int sig)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && process_parent(pid) == parent)
			(void)kill(pid, sig);
	}
	if (dir)
		(void)closedir(dir);
}

bool process_signal_tree(const char *run_dir, const char *name, pid_t pid, int sig)
{
	if (pid <= 0 || pid_file_find(run_dir, name) != pid)
		return false;
	if (sig == SIGCONT)
		signal_children(pid, sig);
	if (kill(pid, sig) != 0)
		return false;
	if (sig != SIGCONT)
		signal_children(pid, sig);
	return true;
}

bool process_await_end(const char *run_dir, const char *name, pid_t pid, int64_t timeout_ms)
{
	return wait_within(timeout_ms, pid_file_find(run_dir, name) != pid);
}

pid_t process_parent(pid_t pid)
{
	struct pid_file_stat stat;

	return pid_file_read_stat(pid, &stat) ? stat.parent : 0;
}
