#include "common/http/http_server.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/http_access.h"
#include "common/http/http_dispatch.h"
#include "common/http/http_listen.h"
#include "common/http/http_loop.h"
#include "common/http/http_metrics.h"
#include "common/http/http_trace.h"
#include "common/http/http_workers.h"
#include "common/runtime/clock.h"

struct http_server {
	struct http_loop *loop;
	struct http_workers *workers;
	const struct http_route *routes;
	size_t route_count;
	struct http_metrics *metrics;
	struct http_access access;
	struct http_security security;
	struct progress *progress; /* borrowed, made here */
	struct otlp *otlp;
	int64_t threads;
	int port;
	_Atomic int64_t refused; /* while there were too many connections */
};

/* --- answers ------------------------------------------------------------------------------- */

static void count(const struct http_connection *c, int status)
{
	const struct http_server *server = c->context;

	http_metrics_answer(server->metrics, c->route_number, status);
	http_metrics_time(server->metrics, c->route_number, clock_mono_us() - c->started_us);
	http_trace_end(server->otlp, c, status);
}

static void answer_later(struct http_connection *c, struct http_response *response)
{
	count(c, response->status);
	http_loop_answer(c, response);
}

static void send_deferred(struct http_deferred *deferred, struct http_response *response)
{
	answer_later((struct http_connection *)deferred, response);
}

/* --- requests ------------------------------------------------------------------------------ */

/* What a GET shows may change at any time: no cache may answer for the service without asking it.
 */
static void handle(struct http_connection *c, struct http_response *response)
{
	if (strcmp(c->route->method, "GET") == 0)
		http_response_header(response, "Cache-Control", "no-cache");
	c->route->handle(c->route->context, &c->request, response);
}

/* On the thread that the lane has chosen. */
static void run_job(struct http_job *job)
{
	struct http_connection *c =
		(struct http_connection *)((char *)job - offsetof(struct http_connection, job));
	const struct http_server *server = c->context;
	struct http_response response;

	if (c->route->lane == HTTP_ON_WORKER)
		progress_made(server->progress);
	http_response_init(&response);
	handle(c, &response);
	if (!response.deferred)
		answer_later(c, &response);
	http_response_fini(&response);
}

static bool is_health(const struct http_route *route)
{
	return route->lane == HTTP_HEALTH || route->lane == HTTP_ALIVE;
}

static struct http_refusal check_access(const struct http_server *server, struct http_connection *c)
{
	const char *authority = c->target.authority, *origin = c->framing.known[HTTP_ORIGIN];
	struct http_refusal refusal = http_access_check(&server->access, authority, origin);

	c->origin = refusal.status == 0
			    ? http_access_foreign_origin(&server->access, authority, origin)
			    : NULL;
	return refusal;
}

/* Finds the request's route. NULL: answered. */
static const struct http_route *find_route(struct http_server *server, struct http_connection *c,
					   struct http_response *response)
{
	struct http_refusal refusal = check_access(server, c);
	const struct http_route *route = NULL;

	if (http_loop_closing(server->loop))
		http_dispatch_refuse(response, 503, NULL);
	else if (refusal.status != 0)
		http_dispatch_refuse(response, refusal.status, refusal.why);
	else
		route = http_dispatch_find(server->routes, server->route_count, &c->request,
					   response);
	if (route && server->security.guard) {
		c->route = route;
		if (!http_guard_admits(server->security.guard, c, response))
			return NULL;
	}
	if (!route || is_health(route) || !http_loop_crowded(server->loop))
		return route;
	atomic_fetch_add(&server->refused, 1);
	c->keep = false;
	http_dispatch_refuse(response, 503, NULL);
	return NULL;
}

/* For the loop. */
static bool serve(void *context, struct http_connection *c, struct http_response *response)
{
	struct http_server *server = context;

	c->deferred = (struct http_deferred){ send_deferred };
	c->route = find_route(server, c, response);
	c->route_number = c->route ? (size_t)(c->route - server->routes) : server->route_count;
	if (c->route && !is_health(c->route))
		http_trace_begin(server->otlp, c);
	if (c->route && c->route->lane != HTTP_ON_LOOP && c->route->lane != HTTP_ALIVE) {
		http_workers_submit(server->workers, c->route->lane, &c->job);
		return false;
	}
	if (c->route)
		handle(c, response);
	if (!response->deferred)
		count(c, response->status);
	return !response->deferred;
}

static void refuse(void *context, struct http_connection *c, struct http_refusal refusal,
		   struct http_response *response)
{
	const struct http_server *server = context;

	c->route_number = server->route_count;
	http_dispatch_refuse(response, refusal.status, refusal.why);
	count(c, response->status);
}

/* --- open and close ------------------------------------------------------------------------ */

static bool requests_wait(void *context)
{
	const struct http_server *server = context;

	return server->workers && http_workers_light_wait(server->workers);
}

static void release(struct http_server *server)
{
	http_loop_close(server->loop);
	http_workers_close(server->workers);
	http_security_close(&server->security);
	http_metrics_free(server->metrics);
	progress_fini(server->progress);
	free(server);
}

static enum status start(struct http_server *server, const struct http_server_config *config,
			 struct error *err)
{
	struct http_loop_config loop = { .listener = -1,
					 .connections_max = config->connections_max,
					 .request_timeout_ms = config->request_timeout_ms,
					 .progress = config->progress,
					 .serve = serve,
					 .refuse = refuse,
					 .context = server };

	if (http_security_open(&server->security, &config->security, err) != ST_OK)
		return err->status;
	loop.tls = server->security.tls;
	server->access.secure = loop.tls;
	if (http_workers_open(&server->workers, config->threads, run_job, err) != ST_OK ||
	    http_listen(config->host, config->port, &loop.listener, err) != ST_OK)
		return err->status;
	server->port = http_listen_port(loop.listener);
	return http_loop_open(&server->loop, &loop, err);
}

enum status http_server_open(struct http_server **out, const struct http_server_config *config,
			     const struct http_route *routes, size_t route_count, struct error *err)
{
	struct http_server *server = calloc(1, sizeof(*server));

	if (!server)
		return error_set(err, ST_INTERNAL, "out of memory");
	server->metrics = http_metrics_new(routes, route_count);
	server->routes = routes;
	server->route_count = route_count;
	server->threads = config->threads;
	server->otlp = config->otlp;
	progress_init(config->progress, "http", PROGRESS_BOUND_MS);
	progress_when(config->progress, requests_wait, server);
	server->progress = config->progress;
	server->access = (struct http_access){ .loopback = http_access_loopback(config->host),
					       .hosts = config->allowed_hosts,
					       .origins = config->allowed_origins };
	/* It serves before this returns, and a handler may want the server. */
	*out = server;
	if (!server->metrics)
		(void)error_set(err, ST_INTERNAL, "out of memory");
	else if (start(server, config, err) == ST_OK)
		return ST_OK;
	*out = NULL;
	release(server);
	return err->status;
}

void http_server_close(struct http_server *server)
{
	if (server)
		release(server);
}

int http_server_port(const struct http_server *server)
{
	return server->port;
}

void http_server_metrics(struct http_server *server, struct metrics_out *out)
{
	const struct http_loop_counts *counts = http_loop_counts(server->loop);

	http_metrics_write(server->metrics, out);
	http_security_metrics(&server->security, out);
	metrics_one(out, "http_connections", "gauge", "Connections that are open.",
		    atomic_load(&counts->connections));
	metrics_one(out, "http_connections_max", "gauge", "Connections that may be open.",
		    http_loop_connections_max(server->loop));
	metrics_one(out, "http_threads", "gauge", "Threads for requests that may wait.",
		    server->threads);
	metrics_one(out, "http_requests_waiting", "gauge", "Requests that wait for a thread.",
		    http_workers_waiting(server->workers));
	metrics_one(out, "http_requests_crowded_total", "counter",
		    "Requests refused because of too many connections.",
		    atomic_load(&server->refused));
	metrics_one(out, "http_connections_cut_total", "counter",
		    "Slow clients disconnected: they did not take their answer in time.",
		    atomic_load(&counts->slow_readers));
	metrics_one(out, "http_requests_late_total", "counter",
		    "Slow clients disconnected: their request was not whole in time.",
		    atomic_load(&counts->slow_senders));
	metrics_one(out, "http_connections_crowded_out_total", "counter",
		    "Connections ended to make room for new ones.",
		    atomic_load(&counts->crowded_out));
	metrics_one(out, "http_tls_handshakes_failed_total", "counter",
		    "Connections that ended before their TLS handshake was done.",
		    atomic_load(&counts->tls_failed));
	metrics_one(out, "http_tls_plain_total", "counter",
		    "Connections of clients that spoke plain HTTP where TLS is spoken.",
		    atomic_load(&counts->tls_plain));
}
