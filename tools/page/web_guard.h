/*
 * Who may ask the page, and act through it. An action needs the token that the address printed at
 * the start holds, and comes from the page itself: its Origin is ours.
 *
 * Threads: the loop's.
 */
#ifndef TOOLS_PAGE_WEB_GUARD_H
#define TOOLS_PAGE_WEB_GUARD_H

#include <event2/http.h>
#include <stdbool.h>

#include "tools/page/web.h"

/* The Host is a name of ours. Another one is a page of somebody else's, by a name that he controls.
 */
bool web_guard_is_called_so(const struct web_config *config, struct evhttp_request *request);

/* False: it is answered with what is missing. Only where the Host is ours. */
bool web_guard_may_act(const struct web_config *config, struct evhttp_request *request);

#endif
