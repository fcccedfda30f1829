/*
 * A call to order-service on behalf of a viewer, whose browser may not call another origin. Its
 * answer goes back as it is.
 *
 * Threads: the loop's. Each call has a thread of its own until it is answered.
 */
#ifndef TOOLS_PAGE_ORDER_CALL_H
#define TOOLS_PAGE_ORDER_CALL_H

#include <event2/http.h>
#include <jansson.h>
#include <stdbool.h>

/*
 * Makes the call that arguments describe ({"method": "POST|PATCH|DELETE", "order": id, "body":
 * {...}}) to url (NULL: there is no order-service), and answers request with {"status": n, "body":
 * ...}, 502 where nothing comes in time, or 503. False: the arguments are wrong; nothing was sent.
 */
bool order_call_make(struct event_base *base, const char *url, const json_t *arguments,
		     struct evhttp_request *request);

#endif
