/*
 * A service asks its own running process how it is: what a container's health check runs, where
 * there is no curl and no shell. "program --ready" asks for /readyz (database and broker, too),
 * "program --alive" for /healthz, at HTTP_HOST and HTTP_PORT.
 *
 * Threads: a program's start only; nothing else of the service runs.
 */
#ifndef COMMON_SERVICE_PROBE_H
#define COMMON_SERVICE_PROBE_H

#include "common/service/service_config.h"

/* For struct config_program of a program that is a service and can ask. */
#define PROBE_FLAGS "--ready|--alive"
#define PROBE_MANNER                                                                               \
	"Runs in the foreground until SIGTERM or SIGINT. --ready and --alive ask the one that\n"   \
	"runs at HTTP_HOST and HTTP_PORT for its /readyz and /healthz."
#define PROBE_EXIT_STATUS                                                                          \
	"0 stopped by a signal, or the answer was yes; 1 failed, or it was not; 2 bad settings."

/*
 * config_main of such a program, service being within cfg: serves the two flags, too. Then it
 * prints the answer's body, or why there is none, and returns 0 for an answer of 200, else 1. It
 * waits for two seconds; after three SIGALRM ends it, whatever it hangs in.
 */
int probe_main(const struct config_program *program, int argc, char **argv, void *cfg,
	       const struct service_config *service);

#endif
