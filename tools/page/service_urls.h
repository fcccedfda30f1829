/*
 * A list of services' addresses, with ranges of ports. Pure.
 *
 * Threads: any.
 */
#ifndef TOOLS_PAGE_SERVICE_URLS_H
#define TOOLS_PAGE_SERVICE_URLS_H

#include <stddef.h>

#include "common/base/error.h"

#define SERVICE_URL_MAX 128

/*
 * Each address of text ("http://127.0.0.1:8082-8091,http://other:8082") into urls, up to max of
 * them. ST_INVALID: what is wrong with it.
 */
MUST_CHECK enum status service_urls_read(const char *text, char (*urls)[SERVICE_URL_MAX],
					 size_t max, size_t *count, struct error *err);

#endif
