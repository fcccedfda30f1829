/*
 * librdkafka's handle that was made last in this process: that of a relay, which keeps it to
 * itself. It is no part of tests/support: programs that link that would get this rd_kafka_new.
 */
#ifndef TESTS_INTEGRATION_LATEST_HANDLE_H
#define TESTS_INTEGRATION_LATEST_HANDLE_H

#include <librdkafka/rdkafka.h>

rd_kafka_t *latest_handle(void);

/* It has lost its state, as an idempotent producer may: nothing can be sent by it any more. */
void latest_handle_lose(void);

#endif
