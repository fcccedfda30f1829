/*
 * The socket at which clients come.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_HTTP_LISTEN_H
#define COMMON_HTTP_HTTP_LISTEN_H

#include <stdint.h>

#include "common/base/error.h"

/* Listens at host's first address. port 0: any free one. *fd is the caller's, non-blocking.
 * ST_INVALID: the address cannot be used. */
MUST_CHECK enum status http_listen(const char *host, int64_t port, int *fd, struct error *err);

int http_listen_port(int fd);

#endif
