#include "tools/page/viewers.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/base/parse.h"

#define BEHIND_MAX (128 * 1024) /* bytes that a viewer has not read yet, before he is left out */

struct viewer {
	struct viewers *viewers;
	struct evhttp_request *request;
	struct evhttp_connection *connection;
	int64_t next; /* number of the entry that he gets next */
	struct viewer *prev_viewer, *next_viewer;
};

struct viewers {
	const struct feed *feed;
	struct viewer *list;
	size_t count;
};

struct viewers *viewers_open(const struct feed *feed)
{
	struct viewers *v = calloc(1, sizeof(*v));

	if (v)
		v->feed = feed;
	return v;
}

static void forget(struct viewer *viewer)
{
	DL_DELETE2(viewer->viewers->list, viewer, prev_viewer, next_viewer);
	viewer->viewers->count--;
	free(viewer);
}

/* libevent frees the request with the connection. */
static void on_close(struct evhttp_connection *connection, void *viewer)
{
	evhttp_connection_set_closecb(connection, NULL, NULL);
	forget(viewer);
}

void viewers_close(struct viewers *v)
{
	if (!v)
		return;
	while (v->list) {
		struct viewer *viewer = v->list;

		evhttp_connection_set_closecb(viewer->connection, NULL, NULL);
		evhttp_send_reply_end(viewer->request);
		forget(viewer);
	}
	free(v);
}

/* --- sending ------------------------------------------------------------------------------- */

static size_t unread(const struct viewer *viewer)
{
	struct bufferevent *io = evhttp_connection_get_bufferevent(viewer->connection);

	return evbuffer_get_length(bufferevent_get_output(io));
}

/* number 0: none, the event does not count. */
static void send_event(struct viewer *viewer, const char *name, int64_t number, const char *text)
{
	struct evbuffer *out = evbuffer_new();

	if (!out)
		return;
	(void)evbuffer_add_printf(out, "event: %s\n", name);
	if (number > 0)
		(void)evbuffer_add_printf(out, "id: %" PRId64 "\n", number);
	(void)evbuffer_add_printf(out, "data: %s\n\n", text);
	evhttp_send_reply_chunk(viewer->request, out);
	evbuffer_free(out);
}

static void catch_up(struct viewer *viewer)
{
	const struct feed *feed = viewer->viewers->feed;
	int gap;

	if (viewer->next < feed->first) {
		viewer->next = feed_resume(feed, 0, &gap);
		send_event(viewer, "reset", 0, "{}");
	}
	while (unread(viewer) < BEHIND_MAX) {
		const struct feed_entry *e = feed_at(feed, viewer->next);

		if (!e)
			break;
		send_event(viewer, e->name, e->number, e->text);
		viewer->next++;
	}
}

void viewers_tell(struct viewers *v)
{
	for (struct viewer *viewer = v->list; viewer; viewer = viewer->next_viewer)
		catch_up(viewer);
}

void viewers_tell_state(struct viewers *v, const char *state)
{
	for (struct viewer *viewer = v->list; viewer; viewer = viewer->next_viewer) {
		catch_up(viewer); /* whoever was too slow before has perhaps read by now */
		if (unread(viewer) < BEHIND_MAX)
			send_event(viewer, "state", 0, state);
	}
}

size_t viewers_count(const struct viewers *v)
{
	return v->count;
}

/* --- a new one ----------------------------------------------------------------------------- */

static int64_t last_seen(struct evhttp_request *request)
{
	const char *text =
		evhttp_find_header(evhttp_request_get_input_headers(request), "Last-Event-ID");
	int64_t last = 0;

	return text && parse_i64(text, strlen(text), 1, INT64_MAX, &last) ? last : 0;
}

bool viewers_add(struct viewers *v, struct evhttp_request *request, const char *state)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct viewer *viewer = v->count < VIEWERS_MAX ? calloc(1, sizeof(*viewer)) : NULL;
	int gap;

	if (!viewer)
		return false;
	viewer->viewers = v;
	viewer->request = request;
	viewer->connection = evhttp_request_get_connection(request);
	viewer->next = feed_resume(v->feed, last_seen(request), &gap);
	DL_APPEND2(v->list, viewer, prev_viewer, next_viewer);
	v->count++;
	evhttp_connection_set_closecb(viewer->connection, on_close, viewer);
	evhttp_connection_set_timeout(viewer->connection, 0);
	(void)evhttp_add_header(headers, "Content-Type", "text/event-stream");
	(void)evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_send_reply_start(request, 200, "OK");
	if (gap)
		send_event(viewer, "reset", 0, "{}");
	catch_up(viewer);
	send_event(viewer, "state", 0, state);
	return true;
}
