#include "tools/load/caller.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"

#define LOCATION "/orders/"
#define ORDER                                                                                      \
	"{\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\",\"qty\":3,"          \
	"\"address\":\"PUSAN\"}"
#define SOURCES   16   /* addresses that the callers come from */
#define LONGEST_S 7200 /* libevent's own time-out, which shall never come first */

struct caller {
	const struct call_target *target; /* borrowed */
	void *context;
	struct evhttp_connection *connection; /* owned */
	struct evhttp_request *request;       /* libevent's; NULL: no call is on its way */
	struct event *timer;                  /* owned */
	bool kept;     /* the connection has carried an answer, and the service has not closed it */
	bool repeated; /* the call is made for the second time */
};

static void take_end(struct evhttp_request *request, void *context);

/* By TLS libevent sends a call's head and its body one by one. The kernel would keep the body until
 * the service has acknowledged the head, which is 40 ms later (Nagle's algorithm). */
static void send_at_once(struct caller *caller)
{
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(caller->connection));

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

static enum status send_request(struct caller *caller, struct error *err)
{
	const struct call_target *target = caller->target;
	bool post = target->method == CALL_POST;
	struct evkeyvalq *headers;

	caller->request = evhttp_request_new(take_end, caller);
	if (!caller->request)
		return error_set(err, ST_INTERNAL, "out of memory");
	headers = evhttp_request_get_output_headers(caller->request);
	(void)evhttp_add_header(headers, "Host", "127.0.0.1");
	if (!target->keep) /* libevent then closes it after the answer */
		(void)evhttp_add_header(headers, "Connection", "close");
	if (target->authorization[0])
		(void)evhttp_add_header(headers, "Authorization", target->authorization);
	if (post) {
		(void)evhttp_add_header(headers, "Content-Type", "application/json");
		(void)evbuffer_add(evhttp_request_get_output_buffer(caller->request), ORDER,
				   sizeof(ORDER) - 1);
	}
	/* The request is the connection's now, also if this fails. */
	if (evhttp_make_request(caller->connection, caller->request,
				post ? EVHTTP_REQ_POST : EVHTTP_REQ_GET, target->path) != 0) {
		caller->request = NULL;
		return error_set(err, ST_INTERNAL, "libevent does not take the call");
	}
	if (target->tls)
		send_at_once(caller);
	return ST_OK;
}

static void end(struct caller *caller, const struct answer *answer)
{
	caller->request = NULL;
	(void)evtimer_del(caller->timer);
	caller->target->done(caller->context, answer);
}

/* The order that the answer's Location names; 0: none. */
static int64_t order_of(struct evhttp_request *request)
{
	const char *location =
		evhttp_find_header(evhttp_request_get_input_headers(request), "Location");
	const size_t prefix = sizeof(LOCATION) - 1;
	int64_t id = 0;

	if (location && strncmp(location, LOCATION, prefix) == 0)
		(void)parse_i64(location + prefix, strlen(location + prefix), 1, INT64_MAX, &id);
	return id;
}

/*
 * libevent's callback: an answer, or a failure (NULL, or no status). A service may close a kept
 * connection at the moment at which a call goes out on it; as every HTTP client does, the caller
 * then makes the call again.
 */
static void take_end(struct evhttp_request *request, void *context)
{
	struct caller *caller = context;
	struct answer answer = { .end = CALL_ERROR };
	struct error err;

	if (request)
		answer.status = evhttp_request_get_response_code(request);
	if (answer.status == 0 && caller->kept && !caller->repeated) {
		caller->repeated = true;
		caller->kept = false;
		if (send_request(caller, &err) == ST_OK)
			return;
	}
	caller->kept = caller->target->keep && answer.status != 0;
	if (answer.status / 100 == 2) {
		answer.order_id = order_of(request);
		if (answer.status != 201 || answer.order_id > 0)
			answer.end = CALL_ANSWERED;
	}
	end(caller, &answer);
}

/* libevent's callback: the time is over. What was cancelled does not come back. */
static void take_timeout(evutil_socket_t fd, short what, void *context)
{
	struct caller *caller = context;

	(void)fd;
	(void)what;
	evhttp_cancel_request(caller->request);
	caller->kept = false;
	end(caller, &(struct answer){ .end = CALL_TIMED_OUT });
}

/*
 * The callers come from 127.0.0.1 to 127.0.0.16 in turn. With one address the kernel has some
 * 14,000 ports at hand for one service, of which those of calls that were dropped stay in use
 * until the service closes them; then it searches long for each connection.
 */
static void set_source(struct caller *caller, int64_t number)
{
	char address[sizeof("127.0.0.255")];

	(void)snprintf(address, sizeof(address), "127.0.0.%d", (int)(number % SOURCES) + 1);
	evhttp_connection_set_local_address(caller->connection, address);
}

/* By TLS libevent (2.1.12) makes the connection again by the same means, too. NULL: out of memory.
 */
static struct evhttp_connection *make_connection(struct event_base *base, struct caller_tls *tls,
						 int64_t port)
{
	struct bufferevent *by_tls = tls ? caller_tls_connection(tls, base) : NULL;
	struct evhttp_connection *made = NULL;

	if (!tls || by_tls)
		made = evhttp_connection_base_bufferevent_new(base, NULL, by_tls, "127.0.0.1",
							      (uint16_t)port);
	if (!made && by_tls)
		bufferevent_free(by_tls);
	return made;
}

enum status caller_open(struct caller **out, struct event_base *base,
			const struct call_target *target, int64_t port, int64_t number,
			void *context, struct error *err)
{
	struct caller *caller = calloc(1, sizeof(*caller));

	if (caller) {
		caller->target = target;
		caller->context = context;
		caller->timer = evtimer_new(base, take_timeout, caller);
		caller->connection = make_connection(base, target->tls, port);
	}
	if (!caller || !caller->timer || !caller->connection) {
		caller_close(caller);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	evhttp_connection_set_timeout(caller->connection, LONGEST_S);
	set_source(caller, number);
	*out = caller;
	return ST_OK;
}

void caller_close(struct caller *caller)
{
	if (!caller)
		return;
	if (caller->request)
		evhttp_cancel_request(caller->request);
	if (caller->connection)
		evhttp_connection_free(caller->connection);
	if (caller->timer)
		event_free(caller->timer);
	free(caller);
}

enum status caller_call(struct caller *caller, int64_t timeout_ms, struct error *err)
{
	const struct timeval timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	caller->repeated = false;
	(void)evtimer_add(caller->timer, &timeout);
	return send_request(caller, err);
}
