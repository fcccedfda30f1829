#include "tools/preflight/ports.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/parse.h"

#define PORT_MAX  65535
#define MOVE_STEP 100 /* between a port that is taken and the one that is proposed */
#define LISTENING "0A"

/* --- what is wanted ------------------------------------------------------------------------ */

static bool parse_one(struct ports_wanted *wanted, const char *text, size_t len)
{
	const char *port = memchr(text, ':', len);
	const char *what = port ? memchr(port + 1, ':', (size_t)(text + len - port - 1)) : NULL;
	int64_t number;

	if (!what || (size_t)(port - text) >= sizeof(wanted->setting) ||
	    (size_t)(text + len - what) > sizeof(wanted->what) ||
	    !parse_i64(port + 1, (size_t)(what - port - 1), 1, PORT_MAX, &number))
		return false;
	*wanted = (struct ports_wanted){ .port = (int)number };
	memcpy(wanted->setting, text, (size_t)(port - text));
	memcpy(wanted->what, what + 1, (size_t)(text + len - what - 1));
	return true;
}

bool ports_parse(struct ports *ports, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, ",");

		if (ports->count == PORTS_MAX || !parse_one(&ports->at[ports->count], text, len))
			return false;
		ports->count++;
		text += len + (text[len] == ',');
	}
	return true;
}

/* --- the kernel's tables ------------------------------------------------------------------- */

/* A row of /proc/net/tcp or tcp6 whose socket listens where a stack does. */
struct listener {
	int port;
	unsigned long inode;
};

/* 127.0.0.1 or any address, in either family; the mapped one is ::ffff:127.0.0.1. */
static bool in_the_way(const char *address)
{
	return address[strspn(address, "0")] == '\0' || strcmp(address, "0100007F") == 0 ||
	       strcmp(address, "0000000000000000FFFF00000100007F") == 0 ||
	       strcmp(address, "00000000000000000000000001000000") == 0;
}

static bool parse_row(const char *row, struct listener *listener)
{
	char address[40], state[4];
	unsigned port;

	if (sscanf(row, " %*d: %39[0-9A-F]:%x %*s %3s %*s %*s %*s %*s %*s %lu", address, &port,
		   state, &listener->inode) != 4)
		return false;
	listener->port = (int)port;
	return strcmp(state, LISTENING) == 0 && port <= PORT_MAX && in_the_way(address);
}

/* Calls take for each that listens, until it returns false. */
static void each_listener(bool (*take)(void *context, const struct listener *), void *context)
{
	static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	struct listener listener;
	char row[512];
	bool more = true;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		FILE *in = fopen(tables[i], "re");

		while (in && more && fgets(row, sizeof(row), in))
			more = !parse_row(row, &listener) || take(context, &listener);
		if (in)
			(void)fclose(in);
	}
}

static bool mark(void *context, const struct listener *listener)
{
	struct ports *ports = context;

	ports->listening[listener->port / 8] |= (uint8_t)(1 << listener->port % 8);
	return true;
}

static bool is_taken(const struct ports *ports, int port)
{
	return ports->listening[port / 8] >> port % 8 & 1;
}

void ports_look(struct ports *ports)
{
	each_listener(mark, ports);
	for (int i = 0; i < ports->count; i++)
		ports->at[i].taken = is_taken(ports, ports->at[i].port);
}

/* --- who has one --------------------------------------------------------------------------- */

static bool find_inode(void *context, const struct listener *listener)
{
	struct listener *wanted = context;

	if (listener->port != wanted->port)
		return true;
	wanted->inode = listener->inode;
	return false;
}

/* The process has the socket ("socket:[N]") open. */
static bool has_socket(const char *pid, const char *socket)
{
	char path[300], target[64];
	DIR *folder;
	bool found = false;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	folder = opendir(path);
	for (const struct dirent *fd; folder && !found && (fd = readdir(folder));) {
		ssize_t len = readlinkat(dirfd(folder), fd->d_name, target, sizeof(target) - 1);

		target[len > 0 ? len : 0] = '\0';
		found = strcmp(target, socket) == 0;
	}
	if (folder)
		(void)closedir(folder);
	return found;
}

static void put_command(const char *pid, struct strbuf *out)
{
	char path[300], command[32] = "";
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	in = fopen(path, "re");
	if (in && fgets(command, sizeof(command), in))
		command[strcspn(command, "\n")] = '\0';
	if (in)
		(void)fclose(in);
	strbuf_printf(out, "pid %s (%s)", pid, command);
}

static void put_owner(int port, struct strbuf *out)
{
	struct listener listener = { .port = port };
	char socket[64];
	DIR *processes;

	each_listener(find_inode, &listener);
	(void)snprintf(socket, sizeof(socket), "socket:[%lu]", listener.inode);
	processes = opendir("/proc");
	for (const struct dirent *p; processes && (p = readdir(processes));) {
		if (p->d_name[0] < '1' || p->d_name[0] > '9' || !has_socket(p->d_name, socket))
			continue;
		put_command(p->d_name, out);
		(void)closedir(processes);
		return;
	}
	if (processes)
		(void)closedir(processes);
	strbuf_puts(out, "a process of another user");
}

/* --- the message --------------------------------------------------------------------------- */

static bool is_wanted(const struct ports *ports, int port)
{
	for (int i = 0; i < ports->count; i++) {
		if (ports->at[i].port == port)
			return true;
	}
	return false;
}

/* All that the setting moves is free, so much further. */
static bool may_move(const struct ports *ports, const char *setting, int by)
{
	for (int i = 0; i < ports->count; i++) {
		const struct ports_wanted *w = &ports->at[i];
		int port = w->port + by;

		if (strcmp(w->setting, setting) == 0 &&
		    (port > PORT_MAX || is_taken(ports, port) || is_wanted(ports, port)))
			return false;
	}
	return true;
}

/* The first port of the setting. */
static const struct ports_wanted *first_of(const struct ports *ports, const char *setting)
{
	const struct ports_wanted *first = ports->at;

	while (strcmp(first->setting, setting) != 0)
		first++;
	return first;
}

/* The setting with a value whose ports are free, once for all that it moves. */
static void put_setting(const struct ports *ports, int i, struct strbuf *out)
{
	const char *setting = ports->at[i].setting;
	int by = MOVE_STEP;

	for (int earlier = 0; earlier < i; earlier++) {
		if (ports->at[earlier].taken && strcmp(ports->at[earlier].setting, setting) == 0)
			return;
	}
	while (by < PORT_MAX && !may_move(ports, setting, by))
		by += MOVE_STEP;
	strbuf_printf(out, " %s=%d", setting, first_of(ports, setting)->port + by);
}

int ports_tell(const struct ports *ports, struct strbuf *out)
{
	int taken = 0;

	for (int i = 0; i < ports->count; i++) {
		const struct ports_wanted *w = &ports->at[i];

		if (!w->taken)
			continue;
		strbuf_printf(out, "%s %d (%s) is in use by ", taken++ ? "; port" : "port", w->port,
			      w->what);
		put_owner(w->port, out);
	}
	if (taken == 0)
		return 0;
	strbuf_puts(out, ": stop what runs there (make down), or use");
	for (int i = 0; i < ports->count; i++) {
		if (ports->at[i].taken)
			put_setting(ports, i, out);
	}
	strbuf_puts(out, "\n");
	return taken;
}
