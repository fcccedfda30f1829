/*
 * Loaded into a server (LD_PRELOAD): a disk with bad blocks. While the file FAULTS_DISK_MARK is
 * there, what the server writes to files below FAULTS_DISK_FOLDER, syncs, and reads by offset fails
 * with EIO. Sockets, pipes and other files are as ever. (Faults by system call, as libfiu has them,
 * cannot tell a broker's files from its connections: the JVM writes both by write.)
 *
 * Threads: any; also in signal handlers and forked children, so nothing is kept but functions.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_SIZE 4096

/* The file is below the folder. */
static bool is_ours(int fd)
{
	const char *folder = getenv("FAULTS_DISK_FOLDER");
	size_t len = folder ? strlen(folder) : 0;
	char link[40], path[PATH_SIZE];
	ssize_t got;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	got = readlink(link, path, sizeof(path));
	return len > 0 && got > (ssize_t)len && memcmp(path, folder, len) == 0 && path[len] == '/';
}

/* Sets errno if so, and only then. */
static bool fails(int fd)
{
	const char *mark = getenv("FAULTS_DISK_MARK");
	int before = errno;
	bool broken = mark && access(mark, F_OK) == 0 && is_ours(fd);

	errno = broken ? EIO : before;
	return broken;
}

/* A function of libc: as before, unless the disk fails. */
#define FAILING(type, name, parameters, ...)                                                       \
	type name parameters;                                                                      \
	type name parameters                                                                       \
	{                                                                                          \
		type(*next) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name);              \
                                                                                                   \
		return fails(fd) ? -1 : next(__VA_ARGS__);                                         \
	}

FAILING(ssize_t, write, (int fd, const void *data, size_t size), fd, data, size)
FAILING(ssize_t, writev, (int fd, const struct iovec *data, int count), fd, data, count)
FAILING(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), fd, data, size, at)
FAILING(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), fd, data, size, at)
FAILING(ssize_t, pwritev, (int fd, const struct iovec *data, int count, off_t at), fd, data, count,
	at)
FAILING(ssize_t, pwritev64, (int fd, const struct iovec *data, int count, off64_t at), fd, data,
	count, at)
FAILING(ssize_t, pread, (int fd, void *data, size_t size, off_t at), fd, data, size, at)
FAILING(ssize_t, pread64, (int fd, void *data, size_t size, off64_t at), fd, data, size, at)
FAILING(int, fsync, (int fd), fd)
FAILING(int, fdatasync, (int fd), fd)
