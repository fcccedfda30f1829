#include "tests/support/half_open.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/arena.h"

/* A duplicate of the other process's descriptor; -1: it may not be had. */
static int fd_of(int process, int fd)
{
	return (int)syscall(SYS_pidfd_getfd, process, fd, 0);
}

static int open_process(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool half_open_possible(void)
{
	return geteuid() == 0;
}

static bool is_connection(int fd)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET;
}

/* The kernel drops what comes before TCP sees it: nothing is acknowledged. */
static void drop_all(int fd)
{
	struct sock_filter nothing = { BPF_RET | BPF_K, 0, 0, 0 };
	const struct sock_fprog program = { 1, &nothing };

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
}

static void cut_descriptor(int process, int number)
{
	int fd = fd_of(process, number);

	if (fd < 0)
		return;
	if (is_connection(fd))
		drop_all(fd);
	(void)close(fd);
}

void half_open_cut(pid_t pid)
{
	DIR *folder = opendir(arena_format("/proc/%d/fd", (int)pid));
	int process = open_process(pid);
	const struct dirent *entry;

	cr_assert(folder && process >= 0, "no process %d", (int)pid);
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] != '.')
			cut_descriptor(process, (int)strtol(entry->d_name, NULL, 10));
	}
	(void)closedir(folder);
	(void)close(process);
}
