/*
 * order-service: receives orders over REST, stores them with their events, publishes the events.
 * Start-up order: settings, signals (before any thread), writer, relay, HTTP; the end is the
 * reverse, so no request is taken that could not be finished. With DISPATCH=http, the lab's bad
 * example, sync_dispatch stands for writer and relay, or sync_batch for the relay: there is no
 * event and no Kafka.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/embed.h"
#include "common/base/version.h"
#include "common/event/contract.h"
#include "common/http/http_server.h"
#include "common/otlp/otlp.h"
#include "common/outbox/relay.h"
#include "common/pg/pg_write_probe.h"
#include "common/runtime/log.h"
#include "common/runtime/process.h"
#include "common/service/about.h"
#include "common/service/document.h"
#include "common/service/health.h"
#include "common/service/probe.h"
#include "common/service/service_config.h"
#include "common/service/service_process.h"
#include "common/service/stop_guard.h"
#include "common/service/watch.h"
#include "order-service/key_expiry.h"
#include "order-service/known_database.h"
#include "order-service/order_api.h"
#include "order-service/order_ids.h"
#include "order-service/order_read.h"
#include "order-service/order_writer.h"
#include "order-service/sync/sync_batch.h"
#include "order-service/sync/sync_dispatch.h"

#define READ_CONNECTIONS 4

EMBED(api, "docs/api/order-service.openapi.json");
static const struct document openapi = { "application/json", api_begin, api_end };

enum event_key { EVENT_KEY_ORDER_ID, EVENT_KEY_NONE };
static const char *const event_keys[] = { "order-id", "none", NULL };

enum sync_commit { SYNC_COMMIT_EACH, SYNC_COMMIT_GROUP };
static const char *const sync_commits[] = { "each", "group", NULL };

struct config {
	struct service_config service;
	int event_key;
	int64_t queue_max;
	int64_t key_ttl_s;
	const char *delivery_url;
	int64_t delivery_timeout_ms;
	int sync_commit; /* enum sync_commit */
};

static const struct config_key keys[] = {
	{ "EVENT_KEY", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, event_key), "order-id",
	  0, 0, event_keys, "message key; none: round-robin over the partitions, order is lost" },
	{ "ORDER_QUEUE_MAX", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, queue_max), "10000",
	  1, 1000000, NULL, "changes that wait for the database; more are answered with 503" },
	{ "IDEMPOTENCY_KEY_TTL_S", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, key_ttl_s),
	  "86400", 1, 315360000, NULL, "how long an Idempotency-Key is honoured, at least" },
	{ "DELIVERY_URL", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, delivery_url),
	  "http://127.0.0.1:8082", 0, 0, NULL, "for DISPATCH=http: where delivery-service is" },
	{ "DELIVERY_TIMEOUT_MS", CONFIG_INT, CONFIG_PUBLIC,
	  offsetof(struct config, delivery_timeout_ms), "10000", 1, 3600000, NULL,
	  "for DISPATCH=http: how long its answer may take" },
	{ "SYNC_COMMIT", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, sync_commit), "each",
	  0, 0, sync_commits,
	  "for DISPATCH=http: a transaction and a call for each change, or for all that wait" },
	{ 0 },
};

static const struct config_table tables[] = {
	{ service_config_keys, offsetof(struct config, service), "Both services",
	  service_config_check },
	{ http_caller_keys, offsetof(struct config, service.caller), "Calls to other services",
	  http_caller_check },
	{ .keys = keys, .title = "order-service" },
	{ 0 },
};

static const struct config_default defaults[] = {
	{ "DATABASE_URL", "postgresql://order_service@127.0.0.1:15432/lab" },
	{ "HTTP_PORT", "8081" },
	{ "RELAY_STATE_TOPIC", CONTRACT_ORDERS_STATE_TOPIC },
	{ "HTTP_THREADS", "64" },
	{ 0 },
};

static const struct config_program program = {
	.name = "order-service",
	.summary = "orders over REST, stored in PostgreSQL, announced on Kafka",
	.tables = tables,
	.defaults = defaults,
	.flags = PROBE_FLAGS,
	.manner = PROBE_MANNER,
	.exit_status = PROBE_EXIT_STATUS,
};

struct service {
	struct otlp *otlp; /* NULL: no spans are exported */
	struct pg_pool *reads;
	struct pg_write_probe *database;
	struct key_expiry *expiry;
	struct order_writer *writer; /* DISPATCH=kafka, or SYNC_COMMIT=group */
	/* DISPATCH=kafka */
	struct order_ids *ids;
	struct relay *relay;
	/* DISPATCH=http: one of them */
	struct sync_dispatch *sync;
	struct sync_batch *batch;
	struct http_server *http;
	struct progress http_progress;
	struct order_api api;
};

static bool broker_ok(void *context, struct strbuf *why)
{
	struct service *s = context;

	(void)why;
	return relay_broker_reachable(s->relay);
}

static bool ids_ok(void *context, struct strbuf *why)
{
	struct service *s = context;

	(void)why;
	return order_ids_known(s->ids);
}

static void write_metrics(void *context, struct metrics_out *out)
{
	struct service *s = context;

	http_server_metrics(s->http, out);
	otlp_metrics(s->otlp, out);
	pg_write_probe_metrics(s->database, out);
	key_expiry_metrics(s->expiry, out);
	sync_dispatch_metrics(s->sync, out);
	if (s->writer)
		order_writer_metrics(s->writer, out);
	if (!s->relay)
		return;
	order_ids_metrics(s->ids, out);
	relay_metrics(s->relay, out);
}

static void submit_to_writer(void *path, struct order_command *command)
{
	order_writer_submit(path, command);
}

static void submit_synchronously(void *path, struct order_command *command)
{
	sync_dispatch_submit(path, command);
}

static enum status open_ids(struct service *s, const struct config *config, const char *replica,
			    struct error *err)
{
	const struct kafka_settings kafka = service_config_kafka(&config->service, replica);

	return order_ids_start(&s->ids, s->reads, config->service.database_url, &kafka, err);
}

static enum status open_writer(struct service *s, const struct config *config, struct error *err)
{
	struct order_store *store = NULL;

	if (order_store_open(&store, config->service.database_url, config->service.kafka_topic,
			     s->ids, err) != ST_OK)
		return err->status;
	if (s->batch)
		order_store_deliver_by(store, sync_batch_deliver, s->batch);
	if (order_writer_open(&s->writer, store, config->queue_max, err) != ST_OK) {
		order_store_close(store);
		return err->status;
	}
	s->api.submit = submit_to_writer;
	s->api.path = s->writer;
	return order_writer_start(s->writer, err);
}

static enum status open_relay(struct service *s, const struct config *config, const char *replica,
			      struct error *err)
{
	struct relay_config relay = {
		.database_url = config->service.database_url,
		.schema = SERVICE_SCHEMA_ORDERS,
		.instance = replica,
		.keyed = config->event_key == EVENT_KEY_ORDER_ID,
		.otlp = s->otlp,
	};

	relay.kafka = service_config_relay(&config->service, replica, &relay.state_topic);
	if (relay_open(&s->relay, &relay, err) != ST_OK)
		return err->status;
	return relay_start(s->relay, err);
}

static enum status open_sync_dispatch(struct service *s, const struct config *config,
				      struct error *err)
{
	const struct sync_dispatch_config sync = {
		.database_url = config->service.database_url,
		.delivery_url = config->delivery_url,
		.timeout_ms = config->delivery_timeout_ms,
		.caller = &config->service.caller,
		.pool = config->service.sync_pool,
		.pool_wait_ms = config->service.sync_pool_wait_ms,
	};

	if (config->sync_commit == SYNC_COMMIT_GROUP) {
		if (sync_batch_open(&s->batch, config->delivery_url, config->delivery_timeout_ms,
				    &config->service.caller, err) != ST_OK)
			return err->status;
		return open_writer(s, config, err);
	}
	if (sync_dispatch_open(&s->sync, &sync, err) != ST_OK)
		return err->status;
	s->api.submit = submit_synchronously;
	s->api.path = s->sync;
	return ST_OK;
}

/* Everything that carries out changes. */
static enum status open_command_path(struct service *s, const struct config *config,
				     const char *replica, struct error *err)
{
	if (config->service.dispatch == DISPATCH_HTTP)
		return open_sync_dispatch(s, config, err);
	if (open_ids(s, config, replica, err) != ST_OK || open_writer(s, config, err) != ST_OK)
		return err->status;
	return open_relay(s, config, replica, err);
}

static void log_listening(const struct service *s, const struct config *config)
{
	log_info("order", "listening", "host=%s port=%d dispatch=%s event_key=%s version=%s",
		 LOG_QUOTE(config->service.http_host), http_server_port(s->http),
		 service_config_dispatch_names[config->service.dispatch],
		 event_keys[config->event_key], PROJECT_VERSION);
}

static void serve_until_stop(struct service *s, struct progress *const *parts)
{
	watch_until_stop("order", parts);
	sync_dispatch_stop(s->sync);
	sync_batch_stop(s->batch);
	stop_guard_at("http");
	http_server_close(s->http);
	stop_guard_at("checks");
}

static enum status serve(struct service *s, const struct config *config, const char *replica,
			 struct error *err)
{
	const struct health_check checks[] = { { "database", pg_write_probe_check, s->database },
					       { "broker", broker_ok, s },
					       { "orderIds", ids_ok, s } };
	/* Those that every way has come last. */
	struct progress *const parts[] = { order_ids_progress(s->ids),
					   relay_progress(s->relay),
					   order_writer_progress(s->writer),
					   order_writer_answers(s->writer),
					   key_expiry_progress(s->expiry),
					   &s->http_progress,
					   NULL };
	struct health health = {
		.checks = checks,
		.check_count = s->relay ? 3 : 1,
		.parts = parts + (s->sync    ? 4
				  : s->batch ? 2
					     : 0),
		.metrics = write_metrics,
		.context = s,
	};
	struct about about = { &program, config, replica };
	/* The writer answers later; synchronous dispatch takes its time in the thread. */
	const enum http_lane changes = s->sync ? HTTP_ON_WORKER : HTTP_ON_LOOP;
	const struct http_route routes[] = {
		{ "POST", "/orders", order_api_place, &s->api, changes, HTTP_SCOPE_WRITE },
		{ "GET", "/orders", order_api_list, &s->api, HTTP_ON_WORKER, HTTP_SCOPE_READ },
		{ "GET", "/orders/{}", order_api_get, &s->api, HTTP_ON_WORKER, HTTP_SCOPE_READ },
		{ "PATCH", "/orders/{}", order_api_modify, &s->api, changes, HTTP_SCOPE_WRITE },
		{ "DELETE", "/orders/{}", order_api_cancel, &s->api, changes, HTTP_SCOPE_WRITE },
		{ "GET", "/about", about_get, &about, HTTP_ON_WORKER, HTTP_SCOPE_OPERATE },
		{ "GET", "/openapi.json", document_get, (void *)&openapi, HTTP_ON_WORKER,
		  HTTP_SCOPE_READ },
		{ "GET", "/errors", document_get, (void *)&document_errors, HTTP_ON_WORKER,
		  HTTP_SCOPE_READ },
		{ "GET", "/healthz", health_live, &health, HTTP_ALIVE, HTTP_SCOPE_NONE },
		{ "GET", "/readyz", health_ready, &health, HTTP_HEALTH, HTTP_SCOPE_NONE },
		{ "GET", "/metrics", health_metrics, &health, HTTP_HEALTH, HTTP_SCOPE_OPERATE },
	};
	struct http_server_config http = service_config_http(&config->service, &s->http_progress);
	enum status st = health_open(&health, err);

	http.otlp = s->otlp;
	if (st == ST_OK)
		st = http_server_open(&s->http, &http, routes, sizeof(routes) / sizeof(routes[0]),
				      err);
	if (st == ST_OK) {
		log_listening(s, config);
		serve_until_stop(s, health.parts);
	}
	health_close(&health);
	return st;
}

/* ST_INVALID also where the database cannot be worked with: no retry would mend that. */
static enum status open_database(struct service *s, const struct config *config, struct error *err)
{
	static const struct pg_statement *const reads[] = { order_read_statements,
							    key_expiry_statements,
							    known_database_statements, NULL };
	const struct pg_config database = { config->service.database_url, "order-service reads",
					    SERVICE_SCHEMA_ORDERS, reads };

	if (pg_pool_open(&s->reads, READ_CONNECTIONS, &database, err) != ST_OK)
		return err->status;
	s->api.reads = s->reads;
	if (pg_pool_connect(s->reads, err) == ST_INVALID)
		return ST_INVALID;
	return pg_write_probe_open(&s->database, config->service.database_url,
				   "order-service probe", err);
}

static enum status open_otlp(struct service *s, const struct config *config, const char *replica,
			     struct error *err)
{
	const struct otlp_config otlp =
		service_config_otlp(&config->service, program.name, replica);

	return otlp_open(&s->otlp, &otlp, err);
}

static enum status run(const struct config *config, struct error *err)
{
	struct service s = { 0 };
	char replica[REPLICA_NAME_MAX];
	enum status st;

	service_config_replica(&config->service, "order", replica);
	st = open_otlp(&s, config, replica, err);
	if (st == ST_OK)
		st = open_database(&s, config, err);
	if (st == ST_OK)
		st = key_expiry_start(&s.expiry, s.reads, config->key_ttl_s, err);
	if (st == ST_OK)
		st = open_command_path(&s, config, replica, err);
	if (st == ST_OK)
		st = serve(&s, config, replica, err);
	sync_dispatch_close(s.sync);
	stop_guard_at("relay");
	relay_close(s.relay);
	stop_guard_at("writer");
	order_writer_close(s.writer);
	sync_batch_close(s.batch);
	stop_guard_at("order-ids");
	order_ids_close(s.ids);
	stop_guard_at("expiry");
	key_expiry_close(s.expiry);
	stop_guard_at("database");
	pg_write_probe_close(s.database);
	pg_pool_close(s.reads);
	stop_guard_at("spans");
	otlp_close(s.otlp);
	return st;
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct error err = { 0 };
	enum status st;
	int done;

	process_prepare();
	done = probe_main(&program, argc, argv, &config, &config.service);
	if (done >= 0)
		return done;
	st = service_process_begin("order", &config.service, &err);
	if (st == ST_OK)
		st = run(&config, &err);
	return service_process_end("order", st, &err);
}
