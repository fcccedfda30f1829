/*
 * Everybody who looks at the page: one stream of server-sent events each (HTML Living
 * Standard, 9.2), all sent by the one loop. A viewer who reads too slowly is left out until he has
 * read, and goes on where he was, or from the beginning of what is kept.
 *
 * Threads: the loop's.
 */
#ifndef TOOLS_PAGE_VIEWERS_H
#define TOOLS_PAGE_VIEWERS_H

#include <event2/http.h>
#include <stdbool.h>

#include "tools/page/feed.h"

#define VIEWERS_MAX 1000

struct viewers;

/* feed is borrowed until close. NULL: out of memory. */
struct viewers *viewers_open(const struct feed *feed);
void viewers_close(struct viewers *viewers);

/* Answers request with a stream that does not end. False: there are VIEWERS_MAX; nothing was sent.
 */
bool viewers_add(struct viewers *viewers, struct evhttp_request *request, const char *state);

/* The feed has grown. */
void viewers_tell(struct viewers *viewers);

/* Tells everybody who keeps up how all is now: what is newer replaces what is older. */
void viewers_tell_state(struct viewers *viewers, const char *state);

size_t viewers_count(const struct viewers *viewers);

#endif
