#include "tests/support/transaction.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/stack.h"

#define ANSWER_MS 60000

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[200];

	cr_assert_eq(rd_kafka_conf_set(conf, name, value, why, sizeof(why)), RD_KAFKA_CONF_OK, "%s",
		     why);
}

static rd_kafka_t *open_producer(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[200];
	rd_kafka_t *rk;

	set(conf, "bootstrap.servers", stack_kafka());
	set(conf, "transactional.id", fixture.name);
	set(conf, "log_level", "2"); /* it tries again */
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	cr_assert_not_null(rk, "%s", why);
	return rk;
}

static void expect_done(rd_kafka_error_t *error, const char *what)
{
	cr_assert_null(error, "%s: %s", what, rd_kafka_error_string(error));
}

static void send_message(rd_kafka_t *rk, const struct raw_message *message)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(4);

	for (const struct header *h = message->headers; h->name; h++)
		(void)rd_kafka_header_add(headers, h->name, -1, h->value, -1);
	cr_assert_eq(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(message->topic),
				       RD_KAFKA_V_PARTITION(message->partition),
				       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				       RD_KAFKA_V_VALUE((void *)message->payload,
							strlen(message->payload)),
				       RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
		     RD_KAFKA_RESP_ERR_NO_ERROR);
}

struct open_transaction *transaction_open(const struct raw_message *messages, size_t count)
{
	rd_kafka_t *rk = open_producer();

	expect_done(rd_kafka_init_transactions(rk, ANSWER_MS), "init");
	expect_done(rd_kafka_begin_transaction(rk), "begin");
	for (size_t i = 0; i < count; i++)
		send_message(rk, &messages[i]);
	(void)rd_kafka_flush(rk, ANSWER_MS); /* an abort would drop what is not sent yet */
	return (struct open_transaction *)rk;
}

void transaction_end(struct open_transaction *transaction, bool commit)
{
	rd_kafka_t *rk = (rd_kafka_t *)transaction;

	if (commit)
		expect_done(rd_kafka_commit_transaction(rk, ANSWER_MS), "commit");
	else
		expect_done(rd_kafka_abort_transaction(rk, ANSWER_MS), "abort");
	rd_kafka_destroy(rk);
}

void produce_transaction(const struct raw_message *messages, size_t count, bool commit)
{
	transaction_end(transaction_open(messages, count), commit);
}
