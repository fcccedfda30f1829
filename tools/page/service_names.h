/*
 * A name that has several addresses stands for as many services: the containers of a scaled
 * service, the pods behind a headless one.
 *
 * Threads: any. It asks the resolver, and waits for it.
 */
#ifndef TOOLS_PAGE_SERVICE_NAMES_H
#define TOOLS_PAGE_SERVICE_NAMES_H

#include "tools/page/service_urls.h"

/* url once for each address of its host, in the order of the addresses, up to max of them; returns
 * how many. A name that the resolver does not know has none. */
size_t service_names_expand(const char *url, char (*urls)[SERVICE_URL_MAX], size_t max);

#endif
