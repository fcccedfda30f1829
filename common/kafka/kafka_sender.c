#include "common/kafka/kafka_sender.h"

#include <stdlib.h>

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_metadata.h"

#define ANSWER_MS 5000
#define POLL_MS   200

struct kafka_sender {
	const struct kafka_settings *settings;
	rd_kafka_t *rk;
	/* The report on the one message that is under way: */
	bool reported;
	rd_kafka_resp_err_t code;
	struct topic_offset at;
};

/* Runs inside rd_kafka_poll. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka_sender *s = opaque;

	(void)rk;
	s->reported = true;
	s->code = m->err;
	s->at = (struct topic_offset){ m->partition, m->offset };
}

enum status kafka_sender_open(struct kafka_sender **out, const struct kafka_settings *settings,
			      struct error *err)
{
	/* clang-format off */
	static const char *const pairs[] = {
		"log_level", "2", /* the reports tell */
		"linger.ms", "0",
		"message.timeout.ms", "10000",
		"partitioner", "murmur2_random",
		NULL,
	};
	/* clang-format on */
	struct kafka_sender *s = calloc(1, sizeof(*s));
	rd_kafka_conf_t *conf = NULL;

	if (!s)
		return error_set(err, ST_INTERNAL, "out of memory");
	s->settings = settings;
	if (kafka_conf(&conf, settings, pairs, kafka_fixed_reader, err) == ST_OK) {
		rd_kafka_conf_set_dr_msg_cb(conf, on_report);
		rd_kafka_conf_set_opaque(conf, s);
		if (kafka_conf_client(&s->rk, RD_KAFKA_PRODUCER, conf, err) == ST_OK) {
			*out = s;
			return ST_OK;
		}
	}
	free(s);
	return err->status;
}

void kafka_sender_close(struct kafka_sender *s)
{
	if (!s)
		return;
	rd_kafka_destroy(s->rk);
	free(s);
}

enum status kafka_sender_partitions(struct kafka_sender *s, int32_t *count, struct error *err)
{
	int32_t found = kafka_metadata_partitions(s->rk, s->settings->topic, ANSWER_MS);

	if (found < 0)
		return error_set(err, ST_UNAVAILABLE, "no broker answers on %s",
				 s->settings->bootstrap_servers);
	if (found == 0)
		return error_set(err, ST_NOT_FOUND, "there is no topic %s on %s",
				 s->settings->topic, s->settings->bootstrap_servers);
	*count = found;
	return ST_OK;
}

static rd_kafka_headers_t *new_headers(const struct message *m)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(m->header_count);

	for (size_t i = 0; i < m->header_count; i++)
		(void)rd_kafka_header_add(headers, m->headers[i].name, -1, m->headers[i].value,
					  (ssize_t)m->headers[i].len);
	return headers;
}

enum status kafka_sender_send(struct kafka_sender *s, struct message *m, struct error *err)
{
	rd_kafka_headers_t *headers = new_headers(m);
	int32_t partition = m->at.partition < 0 ? RD_KAFKA_PARTITION_UA : m->at.partition;

	s->reported = false;
	s->code = rd_kafka_producev(s->rk, RD_KAFKA_V_TOPIC(s->settings->topic),
				    RD_KAFKA_V_PARTITION(partition),
				    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				    RD_KAFKA_V_KEY(m->key, m->key_len),
				    RD_KAFKA_V_VALUE((void *)m->payload, m->payload_len),
				    RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
	if (s->code)
		rd_kafka_headers_destroy(headers);
	while (!s->code && !s->reported)
		(void)rd_kafka_poll(s->rk, POLL_MS);
	if (s->code)
		return error_set(err, ST_UNAVAILABLE, "%s", rd_kafka_err2str(s->code));
	m->at = s->at;
	return ST_OK;
}
