#include "common/service/process_metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/version.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

/* A file of /proc as text. False: it cannot be read. */
static bool read_proc(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return false;
	len = fread(text, 1, size - 1, file);
	(void)fclose(file);
	text[len] = '\0';
	return len > 0;
}

static void write_memory(struct metrics_out *out)
{
	int64_t size, resident;
	char text[128];

	if (!read_proc("/proc/self/statm", text, sizeof(text)) ||
	    sscanf(text, "%" SCNd64 " %" SCNd64, &size, &resident) != 2)
		return;
	metrics_one(out, "process_resident_memory_bytes", "gauge", "Memory that is resident.",
		    resident * sysconf(_SC_PAGESIZE));
}

/* When the process started; the kernel tells that in ticks since its own start. 0: not known. */
static int64_t start_wall_ms(void)
{
	unsigned long long ticks;
	char text[1024];
	const char *after_name;
	double uptime_s;

	if (!read_proc("/proc/self/stat", text, sizeof(text)) ||
	    !(after_name = strrchr(text, ')')) ||
	    sscanf(after_name,
		   ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &ticks) != 1 ||
	    !read_proc("/proc/uptime", text, sizeof(text)) || sscanf(text, "%lf", &uptime_s) != 1)
		return 0;
	return clock_wall_ms() - (int64_t)(uptime_s * 1000) +
	       (int64_t)(ticks * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK));
}

/* Found out once: a few milliseconds later it would be another time, and look like a restart. */
static void write_start(struct metrics_out *out)
{
	static _Atomic int64_t started;
	int64_t none = 0;

	if (atomic_load(&started) == 0)
		(void)atomic_compare_exchange_strong(&started, &none, start_wall_ms());
	metrics_family(out, "process_start_time_seconds", "gauge",
		       "When the process started, since 1970-01-01 UTC.");
	metrics_seconds(out, "process_start_time_seconds", "", atomic_load(&started));
}

static int64_t in_ms(struct timeval time)
{
	return (int64_t)time.tv_sec * 1000 + time.tv_usec / 1000;
}

static void write_processor(struct metrics_out *out)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return;
	metrics_family(out, "process_cpu_seconds_total", "counter",
		       "Processor time, of the process and of the kernel for it.");
	metrics_seconds(out, "process_cpu_seconds_total", "",
			in_ms(usage.ru_utime) + in_ms(usage.ru_stime));
}

static void write_descriptors(struct metrics_out *out)
{
	DIR *folder = opendir("/proc/self/fd");
	struct rlimit limit;
	int64_t count = -3; /* ".", ".." and the folder's own */

	if (!folder)
		return;
	while (readdir(folder))
		count++;
	(void)closedir(folder);
	metrics_one(out, "process_open_fds", "gauge", "Open file descriptors.", count);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		metrics_one(out, "process_max_fds", "gauge", "Open file descriptors at most.",
			    (int64_t)limit.rlim_cur);
}

void process_metrics(struct metrics_out *out)
{
	metrics_family(out, "lab_build_info", "gauge", "1; the version is a label.");
	metrics_sample(out, "lab_build_info", "version=\"" PROJECT_VERSION "\"", 1);
	write_start(out);
	write_processor(out);
	write_memory(out);
	write_descriptors(out);
	metrics_one(out, "log_lines_dropped_total", "counter",
		    "Lines of the log that were dropped, since stderr did not take them.",
		    log_lines_dropped());
}
