#include "lab/load/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"

#define EVENTS_MAX 256

struct calls {
	CURLM *multi;
	int epoll;
	int64_t timer_mono_ms; /* when curl wants to look at its time-outs; INT64_MAX: never */
};

/* curl's socket callback, called by calls_send, calls_wait, calls_done and calls_close. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket)
{
	const struct calls *calls = context;
	struct epoll_event event = { .data.fd = fd };

	(void)easy;
	(void)socket;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(calls->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	event.events = what == CURL_POLL_IN    ? EPOLLIN
		       : what == CURL_POLL_OUT ? EPOLLOUT
					       : EPOLLIN | EPOLLOUT;
	if (epoll_ctl(calls->epoll, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	return epoll_ctl(calls->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* curl's timer callback, called as watch_socket is. */
static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct calls *calls = context;

	(void)multi;
	calls->timer_mono_ms = timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms;
	return 0;
}

enum status calls_open(struct calls **out, int64_t connections, struct error *err)
{
	struct calls *calls = calloc(1, sizeof(*calls));

	if (!calls)
		return error_set(err, ST_INTERNAL, "out of memory");
	calls->timer_mono_ms = INT64_MAX;
	calls->epoll = epoll_create1(EPOLL_CLOEXEC);
	calls->multi = curl_multi_init();
	if (calls->epoll < 0 || !calls->multi) {
		calls_close(calls);
		return error_set(err, ST_INTERNAL, "no epoll or no memory for the calls");
	}
	(void)curl_multi_setopt(calls->multi, CURLMOPT_MAXCONNECTS, (long)connections);
	(void)curl_multi_setopt(calls->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	(void)curl_multi_setopt(calls->multi, CURLMOPT_SOCKETDATA, calls);
	(void)curl_multi_setopt(calls->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	(void)curl_multi_setopt(calls->multi, CURLMOPT_TIMERDATA, calls);
	*out = calls;
	return ST_OK;
}

void calls_close(struct calls *calls)
{
	if (!calls)
		return;
	curl_multi_cleanup(calls->multi);
	if (calls->epoll >= 0)
		(void)close(calls->epoll);
	free(calls);
}

enum status calls_send(struct calls *calls, struct call *call, struct error *err)
{
	(void)curl_easy_setopt(call->curl, CURLOPT_PRIVATE, call);
	if (curl_multi_add_handle(calls->multi, call->curl) != CURLM_OK)
		return error_set(err, ST_INTERNAL, "curl does not take the call");
	return ST_OK;
}

/* How long to wait for the sockets, in ms. */
static int patience(const struct calls *calls, int timeout_ms)
{
	int64_t left_ms;

	if (calls->timer_mono_ms == INT64_MAX)
		return timeout_ms;
	left_ms = calls->timer_mono_ms - clock_mono_ms();
	if (left_ms <= 0)
		return 0;
	return left_ms < timeout_ms ? (int)left_ms : timeout_ms;
}

static CURLMcode act(struct calls *calls, curl_socket_t fd, uint32_t events)
{
	int what = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
		   (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		   (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
	int active;

	return curl_multi_socket_action(calls->multi, fd, what, &active);
}

enum status calls_wait(struct calls *calls, int timeout_ms, struct error *err)
{
	struct epoll_event events[EVENTS_MAX];
	CURLMcode code = CURLM_OK;
	int count;

	count = epoll_wait(calls->epoll, events, EVENTS_MAX, patience(calls, timeout_ms));
	if (count < 0 && errno != EINTR)
		return error_set(err, ST_INTERNAL, "epoll: %s", strerror(errno));
	for (int i = 0; i < count && code == CURLM_OK; i++)
		code = act(calls, events[i].data.fd, events[i].events);
	if (code == CURLM_OK && clock_mono_ms() >= calls->timer_mono_ms) {
		calls->timer_mono_ms = INT64_MAX;
		code = act(calls, CURL_SOCKET_TIMEOUT, 0);
	}
	if (code != CURLM_OK)
		return error_set(err, ST_INTERNAL, "curl cannot go on: %s",
				 curl_multi_strerror(code));
	return ST_OK;
}

struct call *calls_done(struct calls *calls, CURLcode *code)
{
	struct call *call = NULL;
	CURLMsg *message;
	int left;

	do {
		message = curl_multi_info_read(calls->multi, &left);
	} while (message && message->msg != CURLMSG_DONE);
	if (!message)
		return NULL;
	*code = message->data.result;
	(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
	(void)curl_multi_remove_handle(calls->multi, call->curl);
	return call;
}
