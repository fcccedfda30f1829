#include "tests/faults/world.h"
#include "common/runtime/command.h"
#include "tests/support/wait.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_MS 10000

static bool raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;

	if (fd >= 0)
		(void)close(fd);
	return up;
}

/* Packets can be dropped. */
static bool has_filter(void)
{
	const struct command command = { .arguments = { "iptables", "-w", "10", "-nL" },
					 .output_path = "/dev/null",
					 .timeout_ms = wait_stretch(COMMAND_MS) };

	return command_run(&command) == 0;
}

bool world_own_network(void)
{
	int before = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	bool own = before >= 0 && geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
	bool good = own && raise_loopback() && has_filter();

	if (own && !good)
		(void)setns(before, CLONE_NEWNET);
	if (before >= 0)
		(void)close(before);
	return good;
}

bool world_own_mounts(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

bool world_mount(const char *folder, int megabytes)
{
	char options[40];

	(void)snprintf(options, sizeof(options), "size=%dm,mode=0700", megabytes);
	(void)mkdir(folder, 0700);
	return mount("tmpfs", folder, "tmpfs", 0, options) == 0;
}
