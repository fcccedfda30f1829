/*
 * One HTTP call to a service on 127.0.0.1, as the load generator and the benchmarks make it: POST,
 * always with the same order as its body, or GET.
 *
 * Threads: a call has one owner.
 */
#ifndef LAB_LOAD_CALL_H
#define LAB_LOAD_CALL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

enum call_method { CALL_POST, CALL_GET };

struct call {
	CURL *curl;                 /* owned; to be performed as often as wanted */
	struct curl_slist *headers; /* owned */
	int64_t order_id;           /* that the last answer named; 0: none */
};

/* At its place in memory until call_fini. */
MUST_CHECK enum status call_init(struct call *call, enum call_method method, struct error *err);
void call_fini(struct call *call);

/* Before each performance: where it goes, and after how long it is given up. */
void call_aim(struct call *call, int64_t port, const char *path, int64_t timeout_ms);

/* The last answer was a 2xx; a 201 names what it made. *status: its HTTP status, 0 without one. */
bool call_succeeded(struct call *call, CURLcode code, int *status);

#endif
