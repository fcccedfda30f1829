/*
 * Fills the topic with order events, as order-service's relay writes them: ORDERS orders, each
 * placed, modified and cancelled, in blocks of BLOCK orders (all of a block are placed, then all
 * modified, then all cancelled). With EVENTS the orders come by Zipf's law instead, so some are
 * hot: each is placed by its first event and modified by all that follow. The same settings give
 * the same messages. It ends when the broker has them, and prints their number and how long it
 * took. Exit status: 0; 1 not possible now; 2 bad settings.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/event/event_json.h"
#include "common/kafka/kafka_idempotent.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "tests/bench/zipf.h"

#define FLUSH_MS   30000
#define EVENTS_MAX 3 /* of an order */

struct config {
	const char *brokers, *topic, *dues;
	int64_t orders, first, block, rate, partitions, events;
};

static const struct config_key keys[] = {
	{ "KAFKA_BOOTSTRAP_SERVERS", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, brokers),
	  "127.0.0.1:9092", 0, 0, NULL, "Kafka brokers, host:port, comma separated" },
	{ "KAFKA_TOPIC", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, topic),
	  "kafka.scaling", 0, 0, NULL, "topic" },
	{ "ORDERS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, orders), "1000", 1,
	  100000000, NULL, "orders, each with three events" },
	{ "FIRST_ORDER", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, first), "1", 1,
	  INT64_C(1000000000000), NULL, "id of the first order" },
	{ "BLOCK", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, block), "1000", 1, 100000000,
	  NULL, "orders in a block; 1: the events of an order follow each other" },
	{ "RATE", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, rate), "0", 0, 10000000, NULL,
	  "events per second; 0: as fast as the broker takes them" },
	{ "PARTITIONS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, partitions), "0", 0,
	  10000, NULL, "partitions that the orders go to in turn; 0: by their keys, as ever" },
	{ "EVENTS", CONFIG_INT, CONFIG_PUBLIC, offsetof(struct config, events), "0", 0, 100000000,
	  NULL, "events by Zipf's law (s = 1) over the orders; 0: blocks" },
	{ "DUES", CONFIG_TEXT, CONFIG_PUBLIC, offsetof(struct config, dues), "", 0, 0, NULL,
	  "file for order, version and due time in microseconds of each event; empty: none" },
	{ 0 },
};

static const struct config_program program = {
	.name = "bench-feed",
	.summary = "fills the topic with order events",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.manner = "Produces the events, once.",
	.exit_status = "0 done, 1 not possible now, 2 bad settings.",
};

struct feed {
	const struct config *config;
	rd_kafka_t *producer;
	_Atomic uint32_t turn; /* the producer's */
	int64_t sent, delivered, failed;
	int64_t start_mono_us, start_wall_us;
	FILE *dues; /* NULL: none */
};

/* Runs on the main thread, inside rd_kafka_poll. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct feed *feed = opaque;

	(void)rk;
	if (message->err)
		feed->failed++;
	else
		feed->delivered++;
}

/* The headers that the relay gives every event. Returns owned. */
static rd_kafka_headers_t *headers_of(enum event_type type)
{
	static const char types[] =
		"{\"type\":\"java.lang.String\",\"contentType\":\"java.lang.String\"}";
	rd_kafka_headers_t *headers = rd_kafka_headers_new(3);

	(void)rd_kafka_header_add(headers, "type", -1, event_order_names[type], -1);
	(void)rd_kafka_header_add(headers, "contentType", -1, "application/json", -1);
	(void)rd_kafka_header_add(headers, "spring_json_header_types", -1, types, -1);
	return headers;
}

static rd_kafka_resp_err_t produce_once(struct feed *feed, int64_t order_id, enum event_type type,
					const char *payload)
{
	const int64_t partitions = feed->config->partitions;
	rd_kafka_headers_t *headers = headers_of(type);
	rd_kafka_resp_err_t code;
	char key[24];
	int key_len = snprintf(key, sizeof(key), "%" PRId64, order_id);

	code = rd_kafka_producev(feed->producer, RD_KAFKA_V_TOPIC(feed->config->topic),
				 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				 RD_KAFKA_V_PARTITION(partitions ? (int32_t)(order_id % partitions)
								 : RD_KAFKA_PARTITION_UA),
				 RD_KAFKA_V_KEY(key, (size_t)key_len),
				 RD_KAFKA_V_VALUE((void *)payload, strlen(payload)),
				 RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
	if (code)
		rd_kafka_headers_destroy(headers);
	return code;
}

/* When the next event is due, after the start. Without a rate: now. */
static int64_t due_us(const struct feed *feed)
{
	const int64_t rate = feed->config->rate;

	return rate ? feed->sent * 1000000 / rate : clock_mono_us() - feed->start_mono_us;
}

/* Waits while the producer's queue is full. */
static enum status produce(struct feed *feed, int64_t order_id, enum event_type type,
			   int32_t version, struct error *err)
{
	const struct order_event event = {
		.type = type,
		.timestamp_ms = clock_wall_ms(),
		.order_id = order_id,
		.version = version,
		.qty = 3,
		.customer_id = 1000 + order_id % 1000,
		.product_id = "100",
		.product_name = "RADIO",
		.address = type == EVENT_PLACED ? "PUSAN" : "SEOUL",
	};
	char *payload = event_encode_order(&event);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__QUEUE_FULL;

	while (payload && code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
		code = produce_once(feed, order_id, type, payload);
		(void)rd_kafka_poll(feed->producer, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 10 : 0);
	}
	free(payload);
	if (feed->dues)
		(void)fprintf(feed->dues, "%" PRId64 " %" PRId32 " %" PRId64 "\n", order_id,
			      version, feed->start_wall_us + due_us(feed));
	feed->sent++;
	if (!payload)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	if (code)
		return error_set(err, ST_UNAVAILABLE, "order %" PRId64 ": %s", order_id,
				 rd_kafka_err2str(code));
	return ST_OK;
}

/* With a rate: until the next event is due. */
static void keep_pace(struct feed *feed)
{
	int64_t due = feed->start_mono_us + due_us(feed);
	int64_t ahead_ms;

	/* A delivery report ends the poll early. */
	while ((ahead_ms = (due - clock_mono_us()) / 1000) > 0)
		(void)rd_kafka_poll(feed->producer, (int)ahead_ms);
}

static enum status produce_block(struct feed *feed, int64_t first, int64_t count, struct error *err)
{
	for (int type = 0; type < EVENTS_MAX; type++) {
		for (int64_t i = 0; i < count; i++) {
			keep_pace(feed);
			if (produce(feed, first + i, (enum event_type)type, type + 1, err) != ST_OK)
				return err->status;
		}
	}
	return ST_OK;
}

static enum status produce_blocks(struct feed *feed, struct error *err)
{
	const struct config *c = feed->config;
	enum status st = ST_OK;

	for (int64_t done = 0; done < c->orders && st == ST_OK; done += c->block) {
		int64_t left = c->orders - done;

		st = produce_block(feed, c->first + done, left < c->block ? left : c->block, err);
	}
	return st;
}

static enum status produce_zipf(struct feed *feed, struct error *err)
{
	const struct config *c = feed->config;
	struct zipf zipf;
	enum status st = zipf_init(&zipf, (size_t)c->orders) ? ST_OK : ST_INTERNAL;

	if (st != ST_OK)
		return error_set(err, ST_INTERNAL, "out of memory");
	while (feed->sent < c->events && st == ST_OK) {
		int32_t version;
		size_t order = zipf_draw(&zipf, &version);

		keep_pace(feed);
		st = produce(feed, c->first + (int64_t)order,
			     version == 1 ? EVENT_PLACED : EVENT_MODIFIED, version, err);
	}
	zipf_fini(&zipf);
	return st;
}

static enum status produce_all(struct feed *feed, struct error *err)
{
	enum status st;

	feed->start_mono_us = clock_mono_us();
	feed->start_wall_us = clock_wall_ms() * 1000;
	st = feed->config->events ? produce_zipf(feed, err) : produce_blocks(feed, err);
	if (st != ST_OK)
		return st;
	(void)rd_kafka_flush(feed->producer, FLUSH_MS);
	if (feed->delivered == feed->sent)
		return ST_OK;
	return error_set(err, ST_UNAVAILABLE, "the broker has %" PRId64 " of %" PRId64 " messages",
			 feed->delivered, feed->sent);
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct feed feed = { .config = &config };
	int done = config_main(&program, argc, argv, &config);
	/* It never flushes, so that its rate is steady. */
	struct kafka_settings kafka = { .extra = "linger.ms=1", .client_id = "bench-feed" };
	struct error err = { 0 };

	if (done >= 0)
		return done;
	log_set_level(LOG_ERROR);
	if (*config.dues && !(feed.dues = fopen(config.dues, "we"))) {
		(void)fprintf(stderr, "bench-feed: %s cannot be written\n", config.dues);
		return 1;
	}
	kafka.bootstrap_servers = config.brokers;
	kafka.topic = config.topic;
	if (kafka_idempotent_new(&feed.producer, &kafka, on_report, &feed, &feed.turn, &err) ==
	    ST_OK) {
		(void)produce_all(&feed, &err);
		(void)rd_kafka_purge(feed.producer,
				     RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_destroy(feed.producer);
	}
	if (feed.dues)
		(void)fclose(feed.dues);
	if (err.status != ST_OK) {
		(void)fprintf(stderr, "bench-feed: %s\n", err.msg);
		return 1;
	}
	printf("%" PRId64 " events in %" PRId64 " ms\n", feed.sent,
	       (clock_mono_us() - feed.start_mono_us) / 1000);
	return 0;
}
