/*
 * Asks the services twice a second how they are, by the APIs that anybody may call: /metrics,
 * /readyz, and of delivery-service /in-flight. Rates are made of what the counters gained.
 *
 * Threads: one of its own; open and close from main.
 */
#ifndef TOOLS_PAGE_SERVICE_FEED_H
#define TOOLS_PAGE_SERVICE_FEED_H

#include "common/service/http_caller.h"
#include "tools/page/mailbox.h"

struct service_feed;

struct service_feed_config {
	/* URLs without a path, comma separated; a range of ports stands for one each:
	 * "http://127.0.0.1:8082-8091". So does a name with several addresses, at each time anew.
	 * Borrowed until close. */
	const char *order_urls, *delivery_urls;
	struct http_caller caller; /* who asks them, and whom it trusts */
};

#define SERVICE_FEED_MAX 64 /* services that are asked */

/*
 * Mails MAIL_SERVICES: {"read": monotonic ms, "orders": [...], "deliveries": [...], "rates":
 * {...}}; nothing in it is older than read. Only those that listen are in the lists, each with its
 * number: the first address has 1, as for `make`. ST_INVALID: a URL.
 */
MUST_CHECK enum status service_feed_open(struct service_feed **out,
					 const struct service_feed_config *config,
					 struct mailbox *box, struct error *err);
/* After mailbox_close. */
void service_feed_close(struct service_feed *feed);

#endif
