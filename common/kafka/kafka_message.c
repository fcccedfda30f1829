#include "common/kafka/kafka_message.h"

#include <stdlib.h>

static bool reserve_headers(struct kafka_message *m, size_t count)
{
	struct message_header *grown;

	if (count <= m->capacity)
		return true;
	grown = realloc(m->headers, count * sizeof(*grown));
	if (!grown)
		return false;
	m->headers = grown;
	m->capacity = count;
	return true;
}

/* False: out of memory. */
static bool read_headers(struct kafka_message *m, const rd_kafka_message_t *raw, size_t *count)
{
	rd_kafka_headers_t *headers = NULL;

	*count = 0;
	if (rd_kafka_message_headers(raw, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;
	if (!reserve_headers(m, rd_kafka_header_cnt(headers)))
		return false;
	while (*count < m->capacity &&
	       rd_kafka_header_get_all(headers, *count, &m->headers[*count].name,
				       &m->headers[*count].value,
				       &m->headers[*count].len) == RD_KAFKA_RESP_ERR_NO_ERROR)
		++*count;
	return true;
}

bool kafka_message_read(struct kafka_message *m, const rd_kafka_message_t *raw)
{
	rd_kafka_timestamp_type_t type;
	size_t header_count;

	if (!read_headers(m, raw, &header_count))
		return false;
	m->plain = (struct message){
		.topic = rd_kafka_topic_name(raw->rkt),
		.at = { raw->partition, raw->offset },
		.timestamp_ms = rd_kafka_message_timestamp(raw, &type),
		.key = raw->key,
		.key_len = raw->key_len,
		.payload = raw->payload,
		.payload_len = raw->len,
		.headers = m->headers,
		.header_count = header_count,
	};
	return true;
}

void kafka_message_fini(struct kafka_message *m)
{
	free(m->headers);
	*m = (struct kafka_message){ 0 };
}

rd_kafka_headers_t *kafka_message_headers(const struct message_header *headers, size_t count)
{
	rd_kafka_headers_t *copies = rd_kafka_headers_new(count);

	for (size_t i = 0; i < count; i++)
		(void)rd_kafka_header_add(copies, headers[i].name, -1, headers[i].value,
					  (ssize_t)headers[i].len);
	return copies;
}
