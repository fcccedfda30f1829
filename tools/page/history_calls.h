/*
 * Viewers who asked for an order's history, until it has been read: the loop does not wait for the
 * database.
 *
 * Threads: the loop's.
 */
#ifndef TOOLS_PAGE_HISTORY_CALLS_H
#define TOOLS_PAGE_HISTORY_CALLS_H

#include <event2/http.h>

#include "tools/page/table_feed.h"

struct history_calls;

/* feed is borrowed until close. NULL: out of memory. */
struct history_calls *history_calls_open(struct table_feed *feed);
void history_calls_close(struct history_calls *calls);

/* Asks for the order's history and answers request when it is there. False: too many ask; nothing
 * was sent. */
bool history_calls_make(struct history_calls *calls, int64_t order, struct evhttp_request *request);

/* Takes the content of MAIL_HISTORY. */
void history_calls_answer(struct history_calls *calls, json_t *content);

#endif
