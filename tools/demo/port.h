/*
 * Ports of this machine.
 *
 * Threads: any.
 */
#ifndef TOOLS_DEMO_PORT_H
#define TOOLS_DEMO_PORT_H

#include <stdbool.h>

/* Something listens. */
bool port_open(int port);

#endif
