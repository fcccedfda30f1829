/*
 * GET /about: which service this is, and how it was set. Secrets are left out.
 *
 * Threads: HTTP workers.
 */
#ifndef COMMON_SERVICE_ABOUT_H
#define COMMON_SERVICE_ABOUT_H

#include "common/base/config.h"
#include "common/http/http.h"

/* Everything is borrowed. */
struct about {
	const struct config_program *program;
	const void *config; /* the struct that the program's tables fill */
	const char *replica;
};

/* With a struct about as context. */
http_handler about_get;

#endif
