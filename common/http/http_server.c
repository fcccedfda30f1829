#include "common/http/http_server.h"

#include <civetweb.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/http/http_body.h"
#include "common/http/http_deferred.h"
#include "common/http/http_dispatch.h"
#include "common/http/http_json.h"
#include "common/http/http_metrics.h"
#include "common/http/http_response.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/runtime/progress.h"

#define CLOSE_GRACE_MS 50
#define WORKER_THREAD  1 /* civetweb's number for a thread that serves connections */

struct http_server {
	struct mg_context *mg;
	const char *host; /* borrowed */
	_Atomic bool stopped;
	int64_t keep_max;             /* connections that may be kept alive at a time */
	_Atomic int64_t connections;  /* being served: each holds a thread */
	_Atomic int64_t in_flight;    /* requests between their last byte and their answer */
	_Atomic bool closing;         /* requests that come now are turned away */
	_Atomic int64_t slow_clients; /* disconnected: they left too much unread */
	struct http_deferred_sockets *sockets; /* NULL: no answer is sent past civetweb */
	const struct http_route *routes;
	size_t route_count;
	struct http_metrics *metrics;
	struct progress *progress;
	int64_t threads;
};

/* A connection, and its latest request. */
struct client {
	struct http_deferred deferred; /* first: what http_defer() returns */
	struct http_deferred_connection connection;
	struct http_server *server;
	size_t route; /* its number, route_count for none */
	int64_t started_us;
	bool keep;
};

static bool keep_alive(const struct mg_request_info *info)
{
	const char *connection = NULL;

	for (int i = 0; i < info->num_headers; i++) {
		if (strcasecmp(info->http_headers[i].name, "Connection") == 0)
			connection = info->http_headers[i].value;
	}
	if (connection)
		return strcasecmp(connection, "close") != 0;
	return info->http_version && strcmp(info->http_version, "1.1") == 0;
}

static const char *header_of(const void *source, const char *name)
{
	return mg_get_header(source, name);
}

static void count(const struct client *client, int status)
{
	struct http_metrics *metrics = client->server->metrics;

	progress_made(client->server->progress);
	http_metrics_answer(metrics, client->route, status);
	http_metrics_time(metrics, client->route, clock_mono_us() - client->started_us);
}

static void defer(struct http_deferred *deferred)
{
	http_deferred_begin(&((struct client *)deferred)->connection);
}

/* The deferred answer. Its last word to the connection lets the worker end that, its
 * last to the server lets main end that. */
static void send_deferred(struct http_deferred *deferred, const struct http_response *response)
{
	struct client *client = (struct client *)deferred;
	struct http_server *server = client->server;
	enum http_deferred_result result =
		http_deferred_send(&client->connection, response, client->keep);

	if (result == HTTP_SLOW_CLIENT)
		atomic_fetch_add(&server->slow_clients, 1);
	count(client, response->status);
	http_deferred_end(&client->connection);
	if (result != HTTP_HANDED_TO_WORKER)
		atomic_fetch_sub(&server->in_flight, 1);
}

static void answer_now(struct client *client, struct mg_connection *conn,
		       const struct http_response *response)
{
	http_response_write(conn, response, client->keep);
	count(client, response->status);
	atomic_fetch_sub(&client->server->in_flight, 1);
}

/* A new request's part of client. Under pressure nobody keeps a thread: others may be waiting. */
static void begin(struct client *client, const struct mg_request_info *info)
{
	const struct http_server *server = client->server;

	client->started_us = clock_mono_us();
	client->route = server->route_count;
	client->keep = keep_alive(info) && atomic_load(&server->connections) <= server->keep_max;
}

static void serve(struct client *client, struct mg_connection *conn)
{
	const struct mg_request_info *info = mg_get_request_info(conn);
	struct http_response response;
	struct http_request request = {
		.method = info->request_method,
		.path = info->local_uri,
		.query = info->query_string,
		.header = header_of,
		.source = conn,
		.deferred = &client->deferred,
	};
	char *body = NULL;
	int refused;

	http_deferred_await(&client->connection);
	begin(client, info);
	refused = http_body_read(conn, &body, &request.body_len);
	http_response_init(&response);
	request.body = body;
	atomic_fetch_add(&client->server->in_flight, 1);
	if (atomic_load(&client->server->closing))
		refused = 503;
	client->keep = client->keep && !refused;
	if (!client->keep)
		mg_disable_connection_keep_alive(conn);
	if (refused)
		http_dispatch_refuse(&response, refused);
	else
		http_dispatch(client->server->routes, client->server->route_count, &request,
			      &response, &client->route);
	if (!response.deferred)
		answer_now(client, conn, &response);
	else if (http_deferred_finish(&client->connection))
		atomic_fetch_sub(&client->server->in_flight, 1);
	http_response_fini(&response);
	free(body);
}

/* Runs on a worker thread when civetweb itself refuses a request. */
static int on_error(struct mg_connection *conn, int status, const char *text)
{
	struct http_server *server = mg_get_user_data(mg_get_context(conn));
	struct client *client = mg_get_user_connection_data(conn);
	struct http_response response;

	if (client)
		http_deferred_await(&client->connection);
	http_response_init(&response);
	http_respond_problem(&response, status, NULL, "%.200s", text ? text : http_reason(status));
	http_response_write(conn, &response, false);
	http_metrics_answer(server->metrics, server->route_count, status);
	http_response_fini(&response);
	return 0;
}

/* Made with its first request: civetweb tells no earlier who it is. NULL: no memory. */
static struct client *client_of(struct mg_connection *conn)
{
	struct http_server *server = mg_get_user_data(mg_get_context(conn));
	struct client *client = mg_get_user_connection_data(conn);

	if (client)
		return client;
	client = calloc(1, sizeof(*client));
	if (!client)
		return NULL;
	client->deferred = (struct http_deferred){ defer, send_deferred };
	client->server = server;
	http_deferred_open(&client->connection, conn, server->sockets);
	mg_set_user_connection_data(conn, client);
	return client;
}

/* Runs on a worker thread for every well-formed request. */
static int on_request(struct mg_connection *conn)
{
	struct client *client = client_of(conn);

	if (client)
		serve(client, conn);
	else
		(void)on_error(conn, 503, "not possible just now; try again");
	return 200; /* whatever the answer: it has been seen to */
}

/* Both run on the worker thread that serves the connection. */
static int on_connection(const struct mg_connection *conn, void **data)
{
	struct http_server *server = mg_get_user_data(mg_get_context(conn));

	(void)data;
	atomic_fetch_add(&server->connections, 1);
	return 0;
}

static void on_connection_end(const struct mg_connection *conn)
{
	struct http_server *server = mg_get_user_data(mg_get_context(conn));
	struct client *client = mg_get_user_connection_data(conn);

	if (client)
		http_deferred_close(&client->connection);
	free(client);
	atomic_fetch_sub(&server->connections, 1);
	progress_made(server->progress);
}

/*
 * Runs first on each of civetweb's threads. Answers that are sent one after the other, as after a
 * group commit, bring as many new requests: as SCHED_BATCH their threads wait for a processor until
 * the one that answers is through, instead of interrupting it one by one. Refused, it only costs
 * speed.
 */
static void *on_thread(const struct mg_context *mg, int type)
{
	const struct sched_param none = { 0 };

	(void)mg;
	if (type == WORKER_THREAD)
		(void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
	return NULL;
}

static int on_log(const struct mg_connection *conn, const char *text)
{
	(void)conn;
	log_warn("http", "civetweb message", "text=%s", LOG_QUOTE(text));
	return 1;
}

/* --- open and close ------------------------------------------------------------------------ */

static bool all_threads_taken(void *context)
{
	const struct http_server *server = context;

	return atomic_load(&server->connections) >= server->threads;
}

static void release(struct http_server *server)
{
	http_deferred_sockets_free(server->sockets);
	http_metrics_free(server->metrics);
	if (server->progress)
		progress_fini(server->progress);
	free(server);
}

/* Starts civetweb, which serves from its first worker on. */
/* An IPv6 address stands in brackets. */
static void put_address(char *text, size_t size, const char *host, int64_t port)
{
	(void)snprintf(text, size, strchr(host, ':') ? "[%s]:%" PRId64 : "%s:%" PRId64, host, port);
}

static enum status start(struct http_server *server, int64_t port, struct error *err)
{
	struct mg_callbacks callbacks = { .begin_request = on_request,
					  .http_error = on_error,
					  .init_connection = on_connection,
					  .connection_close = on_connection_end,
					  .init_thread = on_thread,
					  .log_message = on_log };
	char address[128], workers[24];
	/* clang-format off */
	const char *options[] = {
		"listening_ports", address,
		"num_threads", workers,
		"enable_keep_alive", "yes",
		"keep_alive_timeout_ms", "30000",
		"request_timeout_ms", "10000",
		"tcp_nodelay", "1",
		"listen_backlog", "4096",
		"connection_queue", "4096",
		"max_request_size", "8192",
		"enable_directory_listing", "no",
		"decode_url", "no", /* our paths need none, and a %00 would end one early */
		NULL,
	};
	/* clang-format on */
	struct mg_init_data init = { .callbacks = &callbacks,
				     .configuration_options = options,
				     .user_data = server };
	char why[128] = "";
	struct mg_error_data problem = { .text = why, .text_buffer_size = sizeof(why) };

	put_address(address, sizeof(address), server->host, port);
	(void)snprintf(workers, sizeof(workers), "%" PRId64, server->threads);
	server->mg = mg_start2(&init, &problem);
	if (!server->mg)
		return error_set(err, ST_INVALID,
				 "cannot listen on %s (%s): is the port in use? change HTTP_PORT",
				 address, why);
	http_deferred_accept(http_server_port(server));
	return ST_OK;
}

enum status http_server_open(struct http_server **out, const struct http_server_config *config,
			     const struct http_route *routes, size_t route_count, struct error *err)
{
	struct http_server *server = calloc(1, sizeof(*server));

	if (!server)
		return error_set(err, ST_INTERNAL, "out of memory");
	server->metrics = http_metrics_new(routes, route_count);
	server->sockets = config->deferred_answers ? http_deferred_sockets_new() : NULL;
	if (!server->metrics || (config->deferred_answers && !server->sockets)) {
		release(server);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	server->host = config->host;
	server->threads = config->threads;
	/* The other threads go round: who comes gets one, however long others are idle. */
	server->keep_max = config->threads - config->threads / 8 - 1;
	progress_init(config->progress, "http", PROGRESS_BOUND_MS);
	progress_when(config->progress, all_threads_taken, server);
	server->progress = config->progress;
	server->routes = routes;
	server->route_count = route_count;
	/* Some workers serve before the last one has started, and a handler may want the server. */
	*out = server;
	if (start(server, config->port, err) != ST_OK) {
		*out = NULL;
		release(server);
		return err->status;
	}
	return ST_OK;
}

static void *stop_server(void *arg)
{
	struct http_server *server = arg;

	mg_stop(server->mg);
	atomic_store(&server->stopped, true);
	return NULL;
}

/*
 * Once it stops, civetweb sends nothing more: so requests in flight are answered before. Then it
 * looks at its stop flag only every 2 s, or when a connection comes: so one comes. After a moment
 * for the answers on their way, connections that clients keep open are ended.
 */
void http_server_close(struct http_server *server)
{
	int port = server ? http_server_port(server) : 0;
	pthread_t stopper;
	char why[100];

	if (!server)
		return;
	atomic_store(&server->closing, true);
	while (atomic_load(&server->in_flight) > 0)
		clock_pause_ms(2);
	if (pthread_create(&stopper, NULL, stop_server, server) != 0) {
		mg_stop(server->mg);
		release(server);
		return;
	}
	for (int64_t grace_end = clock_mono_ms() + CLOSE_GRACE_MS;
	     !atomic_load(&server->stopped);) {
		if (clock_mono_ms() >= grace_end)
			http_deferred_disconnect(port);
		mg_close_connection(mg_connect_client(server->host, port, 0, why, sizeof(why)));
		clock_pause_ms(10);
	}
	(void)pthread_join(stopper, NULL);
	release(server);
}

int http_server_port(const struct http_server *server)
{
	struct mg_server_port ports[1];

	return mg_get_server_ports(server->mg, 1, ports) == 1 ? ports[0].port : 0;
}

void http_server_metrics(struct http_server *server, struct metrics_out *out)
{
	http_metrics_write(server->metrics, out);
	metrics_one(out, "http_connections", "gauge", "Connections being served.",
		    atomic_load(&server->connections));
	metrics_one(out, "http_threads", "gauge", "Connections that can be served at a time.",
		    server->threads);
	metrics_one(out, "http_connections_cut_total", "counter",
		    "Slow clients disconnected: they left too many answers unread.",
		    atomic_load(&server->slow_clients));
}
