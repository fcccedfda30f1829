#include "tests/support/process.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/support/wait.h"

/* Of /proc/PID/stat, see proc(5). */
struct stat_line {
	char state;
	int parent;
	long thread_count;
	unsigned long long start_time;
};

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool got = file && fgets(line, (int)size, file);

	if (file)
		(void)fclose(file);
	return got;
}

/* The command's name, the second field, is in parentheses and may hold anything. */
static bool read_stat(pid_t pid, struct stat_line *out)
{
	char path[40], line[1024];
	const char *fields;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!read_line(path, line, sizeof(line)) || !(fields = strrchr(line, ')')))
		return false;
	return sscanf(fields + 1,
		      " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d "
		      "%llu",
		      &out->state, &out->parent, &out->thread_count, &out->start_time) == 4;
}

/* A zombie whose other threads are still being torn down has its ports and locks yet. */
static bool lives(const struct stat_line *stat)
{
	return (stat->state != 'Z' && stat->state != 'X') || stat->thread_count > 1;
}

pid_t process_find(const char *run_dir, const char *name)
{
	char path[PATH_MAX], line[64];
	unsigned long long started = 0;
	struct stat_line stat;
	int pid = 0;

	(void)snprintf(path, sizeof(path), "%s/pid/%s", run_dir, name);
	if (!read_line(path, line, sizeof(line)) || sscanf(line, "%d %llu", &pid, &started) != 2 ||
	    pid <= 0 || !read_stat(pid, &stat))
		return 0;
	if (lives(&stat))
		return stat.start_time == started ? pid : 0;
	(void)waitpid(pid, NULL, WNOHANG); /* nobody else ends what this program started */
	return 0;
}

bool process_note(const char *run_dir, const char *name, pid_t pid)
{
	char path[PATH_MAX], new_path[PATH_MAX + 4];
	struct stat_line stat;
	FILE *file;
	bool written;

	if (!read_stat(pid, &stat) || !lives(&stat))
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
	return pid > 0 && process_find(run_dir, name) == pid && kill(pid, sig) == 0;
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
	if (pid <= 0 || process_find(run_dir, name) != pid)
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
	return wait_within(timeout_ms, process_find(run_dir, name) != pid);
}

pid_t process_parent(pid_t pid)
{
	struct stat_line stat;

	return read_stat(pid, &stat) ? stat.parent : 0;
}
