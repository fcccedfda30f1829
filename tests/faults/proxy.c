#include "tests/faults/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/lane.h"

#define TICK_MS 5
#define BACKLOG 128

struct route {
	struct proxy *proxy;
	struct proxy_route config;
	struct evconnlistener *listener;
	atomic_bool held[PROXY_WAYS];
	_Atomic int delay_ms, loss_percent;
	_Atomic int resets;
};

struct connection {
	struct connection *next;
	struct route *route;
	struct bufferevent *client, *server; /* server NULL: not connected yet */
	struct lane lanes[PROXY_WAYS];
	int resets; /* of the route when it came */
	bool over;
};

struct proxy {
	struct event_base *base;
	struct event *tick;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	struct dice dice;
	struct connection *connections;
	size_t count;
	struct route routes[];
};

/* --- lanes --------------------------------------------------------------------------------- */

static struct lane *lane_from(struct connection *c, const struct bufferevent *from)
{
	return &c->lanes[from == c->client ? PROXY_TO_SERVER : PROXY_TO_CLIENT];
}

static struct lane_weather weather(const struct connection *c, const struct lane *lane)
{
	const struct route *route = c->route;

	return (struct lane_weather){ .held = atomic_load(&route->held[lane - c->lanes]),
				      .delay_ms = atomic_load(&route->delay_ms),
				      .loss_percent = atomic_load(&route->loss_percent) };
}

static void advance(struct connection *c, struct lane *lane)
{
	const struct lane_weather now = weather(c, lane);

	if (lane_advance(lane, &now))
		c->over = true;
}

/* --- connections --------------------------------------------------------------------------- */

/* libevent's callback: bytes have come. */
static void on_read(struct bufferevent *from, void *context)
{
	struct connection *c = context;
	struct lane *lane = lane_from(c, from);
	const struct lane_weather now = weather(c, lane);

	if (!lane_receive(lane, &now, &c->route->proxy->dice))
		c->over = true;
	advance(c, lane);
}

/* libevent's callback: one side is connected, or has ended. */
static void on_event(struct bufferevent *from, short what, void *context)
{
	struct connection *c = context;
	struct lane *lane = lane_from(c, from);
	const struct lane_weather now = weather(c, lane);

	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR) &&
	    !lane_end(lane, &now, &c->route->proxy->dice))
		c->over = true;
}

/* A side that has gone while packets were dropped is noticed, as its server would notice it: the
 * proxy must not be what keeps a session. */
static void keep_alive(int fd)
{
	const int on = 1, idle_s = 5, between_s = 3, count = 3;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof(between_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static void watch(struct connection *c, struct bufferevent *side)
{
	keep_alive(bufferevent_getfd(side));
	bufferevent_setcb(side, on_read, NULL, on_event, c);
	(void)bufferevent_enable(side, EV_READ | EV_WRITE);
}

static struct sockaddr_in address(const char *host, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	(void)inet_pton(AF_INET, host, &in.sin_addr);
	return in;
}

static void connect_server(struct connection *c)
{
	const struct proxy_route *config = &c->route->config;
	struct sockaddr_in to = address(config->server, config->server_port),
			   from = address(config->source, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || (config->source[0] && bind(fd, (void *)&from, sizeof(from)) != 0)) {
		if (fd >= 0)
			(void)close(fd);
		c->over = true;
		return;
	}
	c->server = bufferevent_socket_new(c->route->proxy->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->server) {
		(void)close(fd);
		c->over = true;
		return;
	}
	c->lanes[PROXY_TO_SERVER].to = c->lanes[PROXY_TO_CLIENT].from = c->server;
	watch(c, c->server);
	if (bufferevent_socket_connect(c->server, (void *)&to, sizeof(to)) != 0)
		c->over = true;
}

/* libevent's callback: a client has come. */
static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
		      int len, void *context)
{
	struct route *route = context;
	struct connection *c = calloc(1, sizeof(*c));

	(void)listener;
	(void)from;
	(void)len;
	if (c)
		c->client = bufferevent_socket_new(route->proxy->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c || !c->client) {
		free(c);
		(void)close(fd);
		return;
	}
	c->route = route;
	c->resets = atomic_load(&route->resets);
	for (int way = 0; way < PROXY_WAYS; way++)
		lane_init(&c->lanes[way]);
	c->lanes[PROXY_TO_SERVER].from = c->lanes[PROXY_TO_CLIENT].to = c->client;
	c->next = route->proxy->connections;
	route->proxy->connections = c;
	watch(c, c->client);
}

/* reset: both sides are told so by RST. */
static void free_connection(struct connection *c, bool reset)
{
	const struct linger linger = { .l_onoff = 1 };
	struct bufferevent *sides[] = { c->client, c->server };

	for (int i = 0; i < 2; i++) {
		if (!sides[i])
			continue;
		if (reset)
			(void)setsockopt(bufferevent_getfd(sides[i]), SOL_SOCKET, SO_LINGER,
					 &linger, sizeof(linger));
		bufferevent_free(sides[i]);
	}
	for (int way = 0; way < PROXY_WAYS; way++)
		lane_fini(&c->lanes[way]);
	free(c);
}

/* A SYN is lost like everything else. */
static void step(struct connection *c)
{
	if (!c->server && !atomic_load(&c->route->held[PROXY_TO_SERVER]) &&
	    !atomic_load(&c->route->held[PROXY_TO_CLIENT]))
		connect_server(c);
	for (int way = 0; way < PROXY_WAYS && !c->over; way++)
		advance(c, &c->lanes[way]);
}

/* libevent's callback. */
static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct proxy *proxy = context;

	(void)fd;
	(void)what;
	for (struct connection **at = &proxy->connections; *at;) {
		struct connection *c = *at;
		bool reset = c->resets != atomic_load(&c->route->resets);

		if (!reset && !c->over)
			step(c);
		if (!reset && !c->over) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		free_connection(c, reset);
	}
	if (atomic_load(&proxy->stop))
		(void)event_base_loopbreak(proxy->base);
}

/* --- open and close ------------------------------------------------------------------------ */

static void *proxy_main(void *arg)
{
	struct proxy *proxy = arg;

	(void)event_base_dispatch(proxy->base);
	return NULL;
}

static bool listen_on(struct proxy *proxy, struct route *route, const struct proxy_route *config)
{
	struct sockaddr_in at = address(config->host, config->port);

	route->proxy = proxy;
	route->config = *config;
	route->listener = evconnlistener_new_bind(proxy->base, on_accept, route,
						  LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE |
							  LEV_OPT_CLOSE_ON_EXEC,
						  BACKLOG, (void *)&at, sizeof(at));
	return route->listener;
}

static enum status start(struct proxy *proxy, const struct proxy_route *routes, struct error *err)
{
	const struct timeval tick = { .tv_usec = TICK_MS * 1000 };

	proxy->base = event_base_new();
	if (proxy->base)
		proxy->tick = event_new(proxy->base, -1, EV_PERSIST, on_tick, proxy);
	if (!proxy->tick || event_add(proxy->tick, &tick) != 0)
		return error_set(err, ST_INTERNAL, "libevent gives no loop");
	for (size_t i = 0; i < proxy->count; i++) {
		if (!listen_on(proxy, &proxy->routes[i], &routes[i]))
			return error_set(err, ST_UNAVAILABLE, "no proxy on %s:%d: %s",
					 routes[i].host, routes[i].port, strerror(errno));
	}
	if (pthread_create(&proxy->thread, NULL, proxy_main, proxy) != 0)
		return error_set(err, ST_INTERNAL, "cannot start a thread");
	proxy->started = true;
	return ST_OK;
}

enum status proxy_open(struct proxy **out, const struct proxy_route *routes, size_t count,
		       uint64_t seed, struct error *err)
{
	struct proxy *proxy = calloc(1, sizeof(*proxy) + count * sizeof(proxy->routes[0]));

	if (!proxy)
		return error_set(err, ST_INTERNAL, "out of memory");
	proxy->count = count;
	proxy->dice.state = seed;
	if (start(proxy, routes, err) != ST_OK) {
		proxy_close(proxy);
		return err->status;
	}
	*out = proxy;
	return ST_OK;
}

void proxy_close(struct proxy *proxy)
{
	struct connection *c;

	if (!proxy)
		return;
	atomic_store(&proxy->stop, true);
	if (proxy->started)
		(void)pthread_join(proxy->thread, NULL);
	while ((c = proxy->connections)) {
		proxy->connections = c->next;
		free_connection(c, false);
	}
	for (size_t i = 0; i < proxy->count; i++) {
		if (proxy->routes[i].listener)
			evconnlistener_free(proxy->routes[i].listener);
	}
	if (proxy->tick)
		event_free(proxy->tick);
	if (proxy->base)
		event_base_free(proxy->base);
	free(proxy);
}

void proxy_hold(struct proxy *proxy, size_t route, enum proxy_way way, bool held)
{
	atomic_store(&proxy->routes[route].held[way], held);
}

void proxy_delay(struct proxy *proxy, size_t route, int ms)
{
	atomic_store(&proxy->routes[route].delay_ms, ms);
}

void proxy_lose(struct proxy *proxy, size_t route, int percent)
{
	atomic_store(&proxy->routes[route].loss_percent, percent);
}

void proxy_reset(struct proxy *proxy, size_t route)
{
	atomic_fetch_add(&proxy->routes[route].resets, 1);
}
