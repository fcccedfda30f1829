/*
 * Hello, Kafka: REST in, message out. With its consumer the smallest pair that there is; nothing
 * here is of the project's services, which do much more so that nothing is ever lost or done twice.
 *
 *   curl -d 'hello' http://127.0.0.1:8090/messages
 *
 * usage: hello-producer BROKERS TOPIC PORT
 */
#include <arpa/inet.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message on its way in: the body comes in pieces. */
struct message {
	size_t len;
	char text[1000];
};

/* librdkafka has news of a message: Kafka has it now, or never will. */
static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *m, void *context)
{
	(void)producer, (void)context;
	(void)printf("%s: %.*s (partition %d, offset %lld)\n", m->err ? "lost" : "sent",
		     (int)m->len, (char *)m->payload, (int)m->partition, (long long)m->offset);
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return queued;
}

/* libmicrohttpd calls it when the head is there, for each piece of the body, and at the end. */
static enum MHD_Result on_request(void *topic, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *piece,
				  size_t *piece_len, void **state)
{
	struct message *message = *state;

	(void)version;
	if (!message) {
		*state = calloc(1, sizeof(*message));
		return *state ? MHD_YES : MHD_NO;
	}
	if (*piece_len > 0) {
		if (*piece_len > sizeof(message->text) - message->len)
			return MHD_NO;
		memcpy(message->text + message->len, piece, *piece_len);
		message->len += *piece_len;
		*piece_len = 0; /* all of it is taken */
		return MHD_YES;
	}
	if (strcmp(path, "/messages") != 0 || strcmp(method, "POST") != 0)
		return answer(connection, MHD_HTTP_NOT_FOUND, "POST /messages\n");
	/* Into librdkafka's queue; a thread of its own sends what is there, many at once. */
	if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, message->text,
			     message->len, NULL, 0, NULL) != 0)
		return answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the queue is full\n");
	return answer(connection, MHD_HTTP_ACCEPTED, "on its way\n");
}

static void on_completed(void *topic, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode how)
{
	(void)topic, (void)connection, (void)how;
	free(*state);
}

static rd_kafka_t *new_producer(const char *brokers)
{
	char why[512];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	(void)rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why));
	return rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
}

int main(int argc, char **argv)
{
	const struct timespec moment = { .tv_nsec = 100000000 };
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	rd_kafka_t *producer;
	rd_kafka_topic_t *topic;
	struct MHD_Daemon *http = NULL;
	sigset_t stop;

	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGINT);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &stop, NULL); /* the libraries' threads inherit it */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	producer = argc == 4 ? new_producer(argv[1]) : NULL;
	topic = producer ? rd_kafka_topic_new(producer, argv[2], NULL) : NULL;
	here.sin_port = htons(topic ? (uint16_t)strtoul(argv[3], NULL, 10) : 0);
	if (topic)
		http = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request,
					topic, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
					MHD_OPTION_SOCK_ADDR, &here, MHD_OPTION_END);
	if (!http) {
		(void)fprintf(stderr, "usage: hello-producer BROKERS TOPIC PORT (a free one)\n");
		return 2;
	}
	while (sigtimedwait(&stop, NULL, &moment) < 0)
		(void)rd_kafka_poll(producer, 0); /* calls on_delivery */
	MHD_stop_daemon(http);
	(void)rd_kafka_flush(producer, 10000);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(producer);
	return 0;
}
