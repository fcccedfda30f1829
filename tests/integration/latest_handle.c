#include "tests/integration/latest_handle.h"

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
