/*
 * One POST of spans, by libcurl.
 *
 * Threads: init and fini from one at the beginning and the end, send from one.
 */
#ifndef COMMON_OTLP_OTLP_POST_H
#define COMMON_OTLP_OTLP_POST_H

#include <curl/curl.h>
#include <stdatomic.h>

#include "common/base/error.h"

struct otlp_post {
	CURL *curl;
	struct curl_slist *headers;
	char *url;
	int64_t timeout_ms;
	_Atomic int64_t stop_mono_ms; /* what is sent then is abandoned */
	int64_t rejected;             /* by the last answer of ST_OK: spans, of those sent */
};

/* endpoint without /v1/traces; headers as name=value,name=value. ST_INVALID: one of them is none.
 */
MUST_CHECK enum status otlp_post_init(struct otlp_post *post, const char *endpoint,
				      const char *headers, int64_t timeout_ms, struct error *err);
void otlp_post_fini(struct otlp_post *post);

/* ST_UNAVAILABLE: it may be taken later. ST_REFUSED: it will never be. */
MUST_CHECK enum status otlp_post_send(struct otlp_post *post, const char *body, size_t len,
				      struct error *err);

#endif
