/*
 * The page's model: what the readers brought, as one state and a feed, told to all viewers.
 *
 * Threads: the loop's; page_open starts the readers, page_close ends them.
 */
#ifndef TOOLS_PAGE_PAGE_H
#define TOOLS_PAGE_PAGE_H

#include <event2/event.h>
#include <event2/http.h>

#include "common/kafka/kafka_settings.h"
#include "tools/page/actions.h"
#include "tools/page/history_calls.h"
#include "tools/page/service_feed.h"

struct page;

struct page_config {
	struct kafka_settings kafka;
	const char *database_url;
	struct service_feed_config services;
	const char *project;  /* the folder of the scripts behind the actions; NULL: none */
	bool read_only;       /* orders cannot be placed by the page either */
	const char *commands; /* whose commands are shown: make, compose, kubectl or docker */
};

/* Strings are borrowed until close, base too. ST_INVALID: a setting. */
MUST_CHECK enum status page_open(struct page **out, const struct page_config *config,
				 struct event_base *base, struct error *err);
void page_close(struct page *page);

/* Answers request with the stream. False: too many look already. */
bool page_add_viewer(struct page *page, struct evhttp_request *request);

struct actions *page_actions(struct page *page);
struct history_calls *page_history(struct page *page);

/* Of an order-service, one that is ready if there is one: without Kafka it takes orders and is not
 * ready. NULL: none answers. Borrowed until the loop goes on. */
const char *page_order_url(const struct page *page);

#endif
