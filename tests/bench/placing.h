/*
 * The call that the benchmarks make: POST /orders, always with the same body.
 *
 * Threads: a call has one owner.
 */
#ifndef TESTS_BENCH_PLACING_H
#define TESTS_BENCH_PLACING_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

struct placing {
	CURL *curl;                 /* owned; to be performed as often as wanted */
	struct curl_slist *headers; /* owned */
	int64_t order_id;           /* that the last answer named; 0: none. The caller resets it */
};

/* A call of order-service on 127.0.0.1:port; at its place in memory until placing_fini. */
MUST_CHECK enum status placing_init(struct placing *placing, int64_t port, struct error *err);
void placing_fini(struct placing *placing);

/* The last answer was a 201 that names the order. *status: its HTTP status, 0 without one. */
bool placing_succeeded(struct placing *placing, CURLcode code, long *status);

#endif
