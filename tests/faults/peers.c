#include "tests/faults/peers.h"

#include <stdio.h>

#include "common/runtime/command.h"

#define FIRST_GROUP 6100
#define COMMAND_MS  10000

gid_t peers_group(enum part broker)
{
	return (gid_t)(FIRST_GROUP + part_number(broker));
}

/* A broker's listeners for the others: for what followers fetch, and for the controllers. */
void peers_cut(const struct settings *settings, enum part from, enum part to, bool cut)
{
	char group[12], ports[32];
	int port = (int)settings->kafka_port + 2 * part_index(to);
	const struct command command = {
		.arguments = { "iptables", "-w", "10", cut ? "-A" : "-D", "OUTPUT", "-p", "tcp",
			       "-m", "owner", "--gid-owner", group, "--match", "multiport",
			       "--dports", ports, "-j", "DROP" },
		.output_path = "/dev/null",
		.timeout_ms = COMMAND_MS
	};

	(void)snprintf(group, sizeof(group), "%u", (unsigned)peers_group(from));
	(void)snprintf(ports, sizeof(ports), "%d,%d", port, port + CONTROLLER_OFFSET);
	(void)command_run(&command);
}
