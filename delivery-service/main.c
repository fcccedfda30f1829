/*
 * delivery-service: turns order events into deliveries, exactly once, and says so on the topic.
 * Start-up order: settings, signals (before any thread), relay, delivery loop, HTTP. At the end
 * the loop stops first: it leaves the group, so that another replica takes over at once.
 */
#include <inttypes.h>

#include "common/base/embed.h"
#include "common/base/version.h"
#include "common/event/contract.h"
#include "common/event/event.h"
#include "common/http/http_server.h"
#include "common/otlp/otlp.h"
#include "common/outbox/relay.h"
#include "common/pg/pg_write_probe.h"
#include "common/runtime/log.h"
#include "common/runtime/output.h"
#include "common/runtime/process.h"
#include "common/service/about.h"
#include "common/service/document.h"
#include "common/service/health.h"
#include "common/service/probe.h"
#include "common/service/service_config.h"
#include "common/service/service_process.h"
#include "common/service/stop_guard.h"
#include "common/service/watch.h"
#include "delivery-service/api/calculate.h"
#include "delivery-service/api/delivery_api.h"
#include "delivery-service/api/in_flight_api.h"
#include "delivery-service/api/sync_batch_api.h"
#include "delivery-service/api/sync_batch_store.h"
#include "delivery-service/api/sync_delivery_api.h"
#include "delivery-service/api/sync_delivery_store.h"
#include "delivery-service/consume/delivery_loop.h"

#define READ_CONNECTIONS 2

EMBED(api, "docs/api/delivery-service.openapi.json");
static const struct document openapi = { "application/json", api_begin, api_end };

static const char *const worker_models[] = { "pool", "single", "split", NULL };
static const char *const processing_orders[] = { "partition", "key", "unordered", NULL };
static const char *const group_protocols[] = { "classic", "consumer", NULL };
static const char *const sequencings[] = { "off", "enforce", NULL };

struct config {
	struct service_config service;
	const char *group;
	int group_protocol;
	int64_t delay_ms;
	unsigned delay_on;
	int work;
	int worker_model;
	int64_t workers;
	int processing_order;
	int64_t max_concurrency;
	int sequencing;
};

static const struct config_key keys[] = {
	{ "KAFKA_GROUP", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, group), "delivery", 0,
	  0, NULL, "consumer group" },
	{ "KAFKA_GROUP_PROTOCOL", CONFIG_CHOICE, CONFIG_PUBLIC,
	  offsetof(struct config, group_protocol), "classic", 0, 0, group_protocols,
	  "consumer: the brokers assign (KIP-848), with librdkafka 2.12 or newer" },
	{ "DELIVERY_DELAY_MS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, delay_ms),
	  "10000", 0, 3600000, NULL, "simulated work per event, in milliseconds" },
	{ "DELIVERY_DELAY_ON", CONFIG_SET, CONFIG_PUBLIC, offsetof(struct config, delay_on),
	  "OrderModified", 0, 0, event_order_names, "events that take that work" },
	{ "DELIVERY_WORK", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, work), "wait", 0,
	  0, simulated_work_names,
	  "what that work takes: only time, a processor; count: counts to 1000 and prints it" },
	{ "WORKER_MODEL", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, worker_model),
	  "pool", 0, 0, worker_models,
	  "for cpu and count: threads with an event each; one thread; an event split among them" },
	{ "WORKERS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, workers), "0", 0, 1000,
	  NULL, "those threads; 0: one per processor, with WORKER_MODEL=split 5" },
	{ "PROCESSING_ORDER", CONFIG_CHOICE, CONFIG_PUBLIC,
	  offsetof(struct config, processing_order), "partition", 0, 0, processing_orders,
	  "which events are worked one after the other" },
	{ "MAX_CONCURRENCY", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, max_concurrency),
	  "1", 1, 1000000, NULL, "events in work at once in this replica" },
	{ "SEQUENCING", CONFIG_CHOICE, CONFIG_PUBLIC, offsetof(struct config, sequencing), "off", 0,
	  0, sequencings, "enforce: an order's events are applied in version order" },
	{ 0 },
};

static const struct config_table tables[] = {
	{ service_config_keys, offsetof(struct config, service), "Both services",
	  service_config_check },
	{ http_caller_keys, offsetof(struct config, service.caller), "Calls to other services",
	  http_caller_check },
	{ .keys = keys, .title = "delivery-service" },
	{ 0 },
};

static const struct config_default defaults[] = {
	{ "DATABASE_URL", "postgresql://delivery_service@127.0.0.1:15432/lab" },
	{ "HTTP_PORT", "8082" },
	{ "RELAY_STATE_TOPIC", CONTRACT_DELIVERY_STATE_TOPIC },
	{ "HTTP_THREADS", "16" },
	{ 0 },
};

static const struct config_program program = {
	.name = "delivery-service",
	.summary = "deliveries in PostgreSQL, from the order events on Kafka",
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
	struct relay *relay;
	struct delivery_loop *loop;
	struct http_server *http;
	struct progress http_progress;
	struct simulated_work work; /* of the calls that do some in their HTTP thread */
	struct sync_delivery_api sync;
};

static bool broker_ok(void *context, struct strbuf *why)
{
	struct service *s = context;

	(void)why;
	return delivery_loop_broker_reachable(s->loop);
}

static void write_metrics(void *context, struct metrics_out *out)
{
	struct service *s = context;
	struct request_sessions *const sync[] = { s->sync.sessions, s->sync.batch_sessions };

	http_server_metrics(s->http, out);
	otlp_metrics(s->otlp, out);
	pg_write_probe_metrics(s->database, out);
	delivery_loop_metrics(s->loop, out);
	relay_metrics(s->relay, out);
	request_sessions_metrics(sync, 2, out);
}

static void describe_parked(void *context, struct strbuf *out)
{
	struct service *s = context;

	delivery_loop_parked(s->loop, out);
}

static enum status open_relay(struct service *s, const struct config *config, const char *replica,
			      struct error *err)
{
	struct relay_config relay = {
		.database_url = config->service.database_url,
		.schema = SERVICE_SCHEMA_DELIVERY,
		.instance = replica,
		.keyed = true, /* so that an order's Delivery* events stay in their order */
		.otlp = s->otlp,
	};

	relay.kafka = service_config_relay(&config->service, replica, &relay.state_topic);
	if (relay_open(&s->relay, &relay, err) != ST_OK)
		return err->status;
	return relay_start(s->relay, err);
}

static enum status open_loop(struct service *s, const struct config *config, const char *replica,
			     struct error *err)
{
	struct delivery_loop_config loop = {
		.database_url = config->service.database_url,
		.group = config->group,
		.replica = replica,
		.kafka = service_config_kafka(&config->service, replica),
		.scheduler = {
			.delay_ms = config->delay_ms,
			.delay_on = config->delay_on,
			.work = (enum simulated_work_kind)config->work,
			.worker_model = (enum worker_model)config->worker_model,
			.workers = (int)config->workers,
			.processing_order = (enum processing_order)config->processing_order,
			.max_concurrency = config->max_concurrency,
			.in_sequence = config->sequencing == 1,
		},
		.in_sequence = config->sequencing == 1,
		.spans = { s->otlp, config->service.kafka_topic, config->group, replica },
	};

	loop.kafka.new_groups = config->group_protocol == 1;
	if (delivery_loop_open(&s->loop, &loop, err) != ST_OK)
		return err->status;
	return delivery_loop_start(s->loop, err);
}

static void log_listening(const struct service *s, const struct config *config, const char *replica)
{
	log_info("delivery", "listening",
		 "host=%s port=%d replica=%s delay_ms=%" PRId64 " max_concurrency=%" PRId64
		 " version=%s",
		 LOG_QUOTE(config->service.http_host), http_server_port(s->http),
		 LOG_QUOTE(replica), config->delay_ms, config->max_concurrency, PROJECT_VERSION);
}

/* Serves until a signal; then the loop stops first, and HTTP while it can still be asked. Calls in
 * progress are cancelled. */
static void serve_until_stop(struct service *s, struct progress *const *parts)
{
	watch_until_stop("delivery", parts);
	simulated_work_cancel(&s->work);
	request_sessions_stop(s->sync.sessions);
	request_sessions_stop(s->sync.batch_sessions);
	stop_guard_at("consumer");
	delivery_loop_stop(s->loop);
	stop_guard_at("http");
	http_server_close(s->http);
	stop_guard_at("checks");
}

static enum status serve(struct service *s, const struct config *config, const char *replica,
			 struct error *err)
{
	const struct health_check checks[] = { { "database", pg_write_probe_check, s->database },
					       { "broker", broker_ok, s } };
	struct progress *const parts[] = { delivery_loop_progress(s->loop),
					   delivery_loop_write_progress(s->loop),
					   relay_progress(s->relay),
					   &s->http_progress,
					   delivery_loop_work_progress(s->loop),
					   NULL };
	struct health health = {
		.checks = checks,
		.check_count = 2,
		.parts = parts,
		.note_name = "parked",
		.note = describe_parked,
		.metrics = write_metrics,
		.context = s,
	};
	struct about about = { &program, config, replica };
	const struct http_route routes[] = {
		{ "GET", "/deliveries", delivery_api_list, s->reads, HTTP_ON_WORKER,
		  HTTP_SCOPE_READ },
		{ "GET", "/deliveries/{}", delivery_api_get, s->reads, HTTP_ON_WORKER,
		  HTTP_SCOPE_READ },
		{ "GET", "/about", about_get, &about, HTTP_ON_WORKER, HTTP_SCOPE_OPERATE },
		{ "GET", "/in-flight", in_flight_api_get, delivery_loop_in_flight(s->loop),
		  HTTP_ON_WORKER, HTTP_SCOPE_OPERATE },
		{ "POST", "/api/calculate", calculate_post, &s->work, HTTP_HEAVY,
		  HTTP_SCOPE_OPERATE },
		{ "GET", "/openapi.json", document_get, (void *)&openapi, HTTP_ON_WORKER,
		  HTTP_SCOPE_READ },
		{ "GET", "/errors", document_get, (void *)&document_errors, HTTP_ON_WORKER,
		  HTTP_SCOPE_READ },
		{ "GET", "/healthz", health_live, &health, HTTP_ALIVE, HTTP_SCOPE_NONE },
		{ "GET", "/readyz", health_ready, &health, HTTP_HEALTH, HTTP_SCOPE_NONE },
		{ "GET", "/metrics", health_metrics, &health, HTTP_HEALTH, HTTP_SCOPE_OPERATE },
		/* DISPATCH=http */
		{ "POST", "/deliveries", sync_delivery_api_deliver, &s->sync, HTTP_ON_WORKER,
		  HTTP_SCOPE_WRITE },
		{ "POST", "/delivery-batches", sync_batch_api_deliver, &s->sync, HTTP_ON_WORKER,
		  HTTP_SCOPE_WRITE },
	};
	const size_t route_count = sizeof(routes) / sizeof(routes[0]) -
				   (config->service.dispatch == DISPATCH_HTTP ? 0 : 2);
	struct http_server_config http = service_config_http(&config->service, &s->http_progress);
	enum status st = health_open(&health, err);

	http.otlp = s->otlp;
	if (st == ST_OK)
		st = http_server_open(&s->http, &http, routes, route_count, err);
	if (st == ST_OK) {
		log_listening(s, config, replica);
		serve_until_stop(s, parts);
		if (delivery_loop_failed(s->loop))
			st = error_set(err, ST_INTERNAL, "no event is taken any more");
	}
	health_close(&health);
	return st;
}

/* ST_INVALID also where the database cannot be worked with: no retry would mend that. */
static enum status open_database(struct service *s, const struct config *config, struct error *err)
{
	static const struct pg_statement *const reads[] = { delivery_api_statements, NULL };
	const struct pg_config database = { config->service.database_url, "delivery-service reads",
					    SERVICE_SCHEMA_DELIVERY, reads };

	if (pg_pool_open(&s->reads, READ_CONNECTIONS, &database, err) != ST_OK)
		return err->status;
	if (pg_pool_connect(s->reads, err) == ST_INVALID)
		return ST_INVALID;
	return pg_write_probe_open(&s->database, config->service.database_url,
				   "delivery-service probe", err);
}

/* What answers order-service's calls. */
static enum status open_sync(struct service *s, const struct config *config, const char *replica,
			     struct error *err)
{
	const char *url = config->service.database_url;
	struct request_sessions_config sessions = { sync_delivery_store_database(url),
						    config->service.sync_pool,
						    config->service.sync_pool_wait_ms };

	s->sync.replica = replica;
	s->sync.work_on = config->delay_on;
	s->sync.work = &s->work;
	if (config->service.dispatch != DISPATCH_HTTP)
		return ST_OK;
	if (request_sessions_open(&s->sync.sessions, &sessions, err) != ST_OK)
		return err->status;
	sessions.database = sync_batch_store_database(url);
	return request_sessions_open(&s->sync.batch_sessions, &sessions, err);
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
	struct service s = {
		.work = { .kind = (enum simulated_work_kind)config->work, .ms = config->delay_ms },
	};
	char replica[REPLICA_NAME_MAX];
	enum status st;

	service_config_replica(&config->service, "delivery", replica);
	st = open_otlp(&s, config, replica, err);
	if (st == ST_OK)
		st = open_database(&s, config, err);
	if (st == ST_OK)
		st = open_sync(&s, config, replica, err);
	if (st == ST_OK)
		st = open_relay(&s, config, replica, err);
	if (st == ST_OK)
		st = open_loop(&s, config, replica, err);
	if (st == ST_OK)
		st = serve(&s, config, replica, err);
	stop_guard_at("consumer");
	delivery_loop_close(s.loop);
	stop_guard_at("relay");
	relay_close(s.relay);
	stop_guard_at("database");
	request_sessions_close(s.sync.sessions);
	request_sessions_close(s.sync.batch_sessions);
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
	st = service_process_begin("delivery", &config.service, &err);
	if (config.work == WORK_COUNT)
		output_start(OUTPUT_STDOUT, NULL);
	if (st == ST_OK)
		st = run(&config, &err);
	return service_process_end("delivery", st, &err);
}
