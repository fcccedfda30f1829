#include "tests/faults/disks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/faults/world.h"

#define DISK_MB 700 /* PostgreSQL keeps some hundreds of MB of its log */
#define STEP    (1 << 20)

const char *disks_folder(const char *run_dir, enum part server, char path[DISKS_PATH_SIZE])
{
	if (server == PART_POSTGRES)
		(void)snprintf(path, DISKS_PATH_SIZE, "%s/postgres", run_dir);
	else
		(void)snprintf(path, DISKS_PATH_SIZE, "%s/kafka/%d", run_dir,
			       part_index(server) + 1);
	return path;
}

const char *disks_mark(const char *run_dir, enum part server, char path[DISKS_PATH_SIZE])
{
	(void)snprintf(path, DISKS_PATH_SIZE, "%s/disk-fails-%s", run_dir, part_name(server));
	return path;
}

static const char *ballast(const struct settings *s, enum part server, char path[DISKS_PATH_SIZE])
{
	(void)disks_folder(s->run_dir, server, path);
	(void)strncat(path, "/ballast", DISKS_PATH_SIZE - strlen(path) - 1);
	return path;
}

enum status disks_open(const struct settings *s, struct error *err)
{
	part_set servers = settings_servers(s) & ~PART_BIT(PART_POOLER);
	char path[DISKS_PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s/kafka", s->run_dir);
	(void)mkdir(path, 0755);
	for (int part = 0; part < PART_COUNT; part++) {
		if (servers & PART_BIT(part) &&
		    !world_mount(disks_folder(s->run_dir, (enum part)part, path), DISK_MB))
			return error_set(err, ST_UNAVAILABLE, "no file system on %.150s: %s", path,
					 strerror(errno));
	}
	return ST_OK;
}

/* Down to the last block: what is left after the big steps is filled by small ones. */
bool disks_fill(const struct settings *s, enum part server)
{
	static const char zeros[STEP];
	char path[DISKS_PATH_SIZE];
	int fd = open(ballast(s, server, path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	size_t step = sizeof(zeros);

	if (fd < 0)
		return false;
	while (step >= 512) {
		if (write(fd, zeros, step) < 0)
			step /= 2;
	}
	(void)close(fd);
	return true;
}

void disks_clear(const struct settings *s, enum part server)
{
	char path[DISKS_PATH_SIZE];

	(void)unlink(ballast(s, server, path));
}

bool disks_fail(const struct settings *s, enum part server)
{
	char path[DISKS_PATH_SIZE];
	int fd = open(disks_mark(s->run_dir, server, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd >= 0 && close(fd) == 0;
}

void disks_mend(const struct settings *s, enum part server)
{
	char path[DISKS_PATH_SIZE];

	(void)unlink(disks_mark(s->run_dir, server, path));
}
