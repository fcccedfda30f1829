/*
 * The page's HTTP side, on libevent's loop: files, the stream, and actions. Who may ask is in
 * web_guard.h.
 *
 * Threads: the loop's.
 */
#ifndef TOOLS_PAGE_WEB_H
#define TOOLS_PAGE_WEB_H

#include <jansson.h>

#include "common/http/http_problem.h"
#include "tools/page/page.h"

struct web;

struct web_config {
	const char *host;  /* to listen on */
	int64_t port;      /* 0: any free one */
	const char *names; /* further ones that a Host header may hold, comma separated */
	const char *token; /* of actions; NULL: the page only shows, and refuses them all */
	const char *certificate, *key; /* PEM files: HTTPS and nothing else; "": HTTP */
};

/* Everything is borrowed until close. ST_UNAVAILABLE: the address cannot be had. ST_INVALID: the
 * files cannot be used. With them, SIGHUP reads them again. */
MUST_CHECK enum status web_open(struct web **out, const struct web_config *config,
				struct page *page, struct event_base *base, struct error *err);
void web_close(struct web *web);

int web_port(const struct web *web);

/* For whoever answers a request: json is taken (NULL: 500). */
void web_answer_json(struct evhttp_request *request, int status, json_t *json);
void web_answer_problem(struct evhttp_request *request, enum http_problem problem,
			const char *detail);

#endif
