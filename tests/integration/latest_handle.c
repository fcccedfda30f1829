#include "tests/integration/latest_handle.h"

#include <criterion/criterion.h>
#include <dlfcn.h>

static rd_kafka_t *latest;

/* In front of librdkafka's. */
rd_kafka_t *rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *text, size_t size)
{
	rd_kafka_t *(*make)(rd_kafka_type_t, rd_kafka_conf_t *, char *, size_t) =
		(rd_kafka_t * (*)(rd_kafka_type_t, rd_kafka_conf_t *, char *, size_t))
			dlsym(RTLD_NEXT, "rd_kafka_new");

	return latest = make(type, conf, text, size);
}

rd_kafka_t *latest_handle(void)
{
	return latest;
}

void latest_handle_lose(void)
{
	cr_assert_eq(rd_kafka_test_fatal_error(latest,
					       RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
					       "the test says so"),
		     0);
}
