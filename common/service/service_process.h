/*
 * The begin and the end of a service's process, the same for both.
 *
 * Threads: main.
 */
#ifndef COMMON_SERVICE_SERVICE_PROCESS_H
#define COMMON_SERVICE_SERVICE_PROCESS_H

#include "common/base/error.h"
#include "common/service/service_config.h"

/* With the settings read, before any other thread starts: the signals, what ends a stop that takes
 * too long, and the log get their threads. who is the log's. */
MUST_CHECK enum status service_process_begin(const char *who, const struct service_config *config,
					     struct error *err);

/* Logs why the service failed, if it did, and writes the log out. Returns the exit status: 0
 * stopped, 2 bad settings, 1 anything else. */
int service_process_end(const char *who, enum status st, const struct error *err);

#endif
