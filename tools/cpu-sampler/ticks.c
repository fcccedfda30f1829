#include "tools/cpu-sampler/ticks.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX 64

const char *const ticks_part_names[PART_COUNT] = {
	[PART_ALL] = "all",           [PART_ORDER] = "order", [PART_DELIVERY] = "delivery",
	[PART_POSTGRES] = "postgres", [PART_KAFKA] = "kafka", [PART_LOAD] = "load",
};

/* The processes that the pid files name. */
struct members {
	struct {
		pid_t pid;
		enum part part;
	} at[MEMBERS_MAX];
	size_t count;
};

struct process {
	pid_t pid, parent;
	char name[32];
	int64_t own, of_ended_children;
};

/* --- the pid files ------------------------------------------------------------------------- */

/* PART_ALL: no part. */
static enum part part_of_file(const char *name)
{
	static const struct {
		const char *prefix;
		enum part part;
	} prefixes[] = {
		{ "order-service", PART_ORDER },
		{ "delivery-", PART_DELIVERY },
		{ "postgres", PART_POSTGRES },
		{ "kafka-", PART_KAFKA },
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(name, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0)
			return prefixes[i].part;
	}
	return PART_ALL;
}

static void add_member(struct members *members, const char *pid_dir, const char *name)
{
	enum part part = part_of_file(name);
	char path[4096];
	FILE *in;
	int pid = 0;

	if (part == PART_ALL || members->count == MEMBERS_MAX)
		return;
	(void)snprintf(path, sizeof(path), "%s/%s", pid_dir, name);
	in = fopen(path, "re");
	if (!in)
		return;
	if (fscanf(in, "%d", &pid) == 1) {
		members->at[members->count].pid = pid;
		members->at[members->count].part = part;
		members->count++;
	}
	(void)fclose(in);
}

static bool read_members(struct members *members, const char *pid_dir)
{
	DIR *folder = opendir(pid_dir);

	if (!folder)
		return false;
	for (const struct dirent *entry; (entry = readdir(folder));)
		add_member(members, pid_dir, entry->d_name);
	(void)closedir(folder);
	return true;
}

/* PART_ALL: none. */
static enum part part_of_pid(const struct members *members, pid_t pid)
{
	for (size_t i = 0; i < members->count; i++) {
		if (members->at[i].pid == pid)
			return members->at[i].part;
	}
	return PART_ALL;
}

/* --- /proc --------------------------------------------------------------------------------- */

static bool read_machine(struct ticks *out)
{
	long long user, nice, system, idle, iowait, irq, softirq, steal;
	FILE *in = fopen("/proc/stat", "re");
	int found = 0;

	if (in) {
		found = fscanf(in, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &user, &nice,
			       &system, &idle, &iowait, &irq, &softirq, &steal);
		(void)fclose(in);
	}
	if (found != 8)
		return false;
	out->done[PART_ALL] = user + nice + system + irq + softirq + steal;
	out->available = out->done[PART_ALL] + idle + iowait;
	return true;
}

/* False: it has ended. The name is in parentheses and may hold anything. */
static bool read_process(struct process *out, const char *pid)
{
	char path[64], text[1024] = "", *name_end;
	const char *name;
	long long user, system, children_user, children_system;
	FILE *in;
	int parent;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	in = fopen(path, "re");
	if (!in)
		return false;
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	(void)fclose(in);
	name = strchr(text, '(');
	name_end = strrchr(text, ')');
	if (!name || !name_end ||
	    sscanf(name_end + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld",
		   &parent, &user, &system, &children_user, &children_system) != 5)
		return false;
	*name_end = '\0';
	out->pid = (pid_t)strtol(pid, NULL, 10);
	out->parent = parent;
	(void)snprintf(out->name, sizeof(out->name), "%s", name + 1);
	out->own = user + system;
	out->of_ended_children = children_user + children_system;
	return true;
}

static void add_process(struct ticks *out, const struct members *members, pid_t parent,
			const struct process *process)
{
	enum part part = part_of_pid(members, process->pid);
	enum part parents_part = part_of_pid(members, process->parent);

	if (part != PART_ALL) {
		out->done[part] += process->own;
		if (part == PART_POSTGRES)
			out->done[part] += process->of_ended_children;
	} else if (parents_part != PART_ALL) {
		out->done[parents_part] += process->own;
	} else if (process->parent == parent && strcmp(process->name, "load") == 0) {
		out->done[PART_LOAD] += process->own;
	}
}

enum status ticks_read(struct ticks *out, const char *pid_dir, pid_t parent, struct error *err)
{
	struct members members = { .count = 0 };
	DIR *proc = opendir("/proc");
	struct process process;

	*out = (struct ticks){ 0 };
	if (!proc || !read_machine(out) || !read_members(&members, pid_dir)) {
		if (proc)
			(void)closedir(proc);
		return error_set(err, ST_UNAVAILABLE, "/proc or %s cannot be read", pid_dir);
	}
	for (const struct dirent *entry; (entry = readdir(proc));) {
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_process(&process, entry->d_name))
			add_process(out, &members, parent, &process);
	}
	(void)closedir(proc);
	return ST_OK;
}

double ticks_percent(const struct ticks *before, const struct ticks *now, enum part part)
{
	int64_t available = now->available - before->available;
	int64_t done = now->done[part] - before->done[part];

	return available > 0 && done > 0 ? (double)done * 100 / (double)available : 0;
}
