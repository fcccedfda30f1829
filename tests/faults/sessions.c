#include "tests/faults/sessions.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/pid_file.h"
#include "tests/support/database.h"

#define ESTABLISHED 1 /* see proc(5), /proc/net/tcp */

int64_t sessions_of_server(const struct run *run)
{
	return database_number(run->settings->database_url,
			       "select count(*) from pg_stat_activity "
			       "where usename in ('order_service', 'delivery_service') "
			       "and backend_type = 'client backend'");
}

/* The process has the socket. */
static bool holds(pid_t pid, unsigned long inode)
{
	char folder[40], path[300], link[64], wanted[64];
	bool found = false;
	const struct dirent *entry;
	DIR *dir;

	(void)snprintf(folder, sizeof(folder), "/proc/%d/fd", (int)pid);
	(void)snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	dir = opendir(folder);
	while (dir && !found && (entry = readdir(dir))) {
		ssize_t len;

		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		len = readlink(path, link, sizeof(link) - 1);
		found = len == (ssize_t)strlen(wanted) && memcmp(link, wanted, (size_t)len) == 0;
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

/* Some service has the socket. */
static bool of_a_service(const struct run *run, unsigned long inode)
{
	part_set services = settings_services(REPLICAS_MAX);

	for (int part = 0; part < PART_COUNT; part++) {
		pid_t pid = services & PART_BIT(part) ? pid_file_find(run->settings->run_dir,
								      part_name((enum part)part))
						      : 0;

		if (pid > 0 && holds(pid, inode))
			return true;
	}
	return false;
}

/* Their proxies have PostgreSQL's port. */
static unsigned port_of_services(const struct run *run)
{
	return (unsigned)(run->links ? run->settings->pg_port : run->settings->front_port);
}

int64_t sessions_of_services(const struct run *run)
{
	FILE *table = fopen("/proc/net/tcp", "re");
	char line[300];
	int64_t count = 0;

	while (table && fgets(line, sizeof(line), table)) {
		unsigned port = 0, state = 0;
		unsigned long inode = 0;

		if (sscanf(line, " %*d: %*x:%*x %*x:%x %x %*s %*s %*s %*u %*d %lu", &port, &state,
			   &inode) == 3 &&
		    port == port_of_services(run) && state == ESTABLISHED && inode != 0 &&
		    of_a_service(run, inode))
			count++;
	}
	if (table)
		(void)fclose(table);
	return count;
}
