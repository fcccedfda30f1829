#include "common/otlp/otlp.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/backoff.h"
#include "common/base/version.h"
#include "common/otlp/otlp_post.h"
#include "common/otlp/otlp_queue.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define EVERY_MS      1000
#define RETRY_BASE_MS 500
#define RETRY_CAP_MS  30000
#define LOG_EVERY_MS  30000
#define END_GRACE_MS  1500 /* for libcurl: it looks whether to stop once a second */
#define HEAD_MAX      2048

struct otlp {
	struct otlp_sampler sampler;
	struct otlp_queue queue;
	char head[HEAD_MAX]; /* of each POST: who it is from */
	pthread_t sender;
	_Atomic int64_t next_log_mono_ms; /* of whoever finds the queue full */
	_Atomic int64_t exported, full, refused, unsent, errors;
	/* the sender's */
	struct otlp_post post;
	struct backoff backoff;
	int64_t next_failure_log_mono_ms;
	bool failing;
};

/* --- traces -------------------------------------------------------------------------------- */

void otlp_new_span(uint8_t span[TRACE_SPAN_BYTES])
{
	arc4random_buf(span, TRACE_SPAN_BYTES);
	span[0] |= (uint8_t)(memcmp(span, "\0\0\0\0\0\0\0", TRACE_SPAN_BYTES) == 0);
}

/* One that begins here. */
static struct trace *new_root(void)
{
	struct trace_parent at = { .flags = TRACE_RANDOM };
	struct trace *trace;

	arc4random_buf(at.id, sizeof(at.id));
	at.id[0] |=
		(uint8_t)(memcmp(at.id, (const uint8_t[TRACE_ID_BYTES]){ 0 }, sizeof(at.id)) == 0);
	otlp_new_span(at.span);
	trace = trace_new(&at, "");
	if (trace)
		memset(trace->caller, 0, sizeof(trace->caller));
	return trace;
}

/* Who takes part puts a span of his own into traceparent, recorded or not. */
static void record(struct otlp *otlp, struct trace *trace, bool begins)
{
	trace->recorded = otlp_sampler_takes(&otlp->sampler, &trace->at, begins);
	if (trace->recorded)
		trace->at.flags |= TRACE_SAMPLED;
	else
		trace->at.flags &= (uint8_t)~TRACE_SAMPLED;
	if (!begins)
		otlp_new_span(trace->at.span);
}

struct trace *otlp_begin_with(struct otlp *otlp, const char *parent, size_t parent_len,
			      const char *state, size_t state_len)
{
	struct trace *trace = parent ? trace_read(parent, parent_len, state, state_len) : NULL;
	bool begins = !trace;

	if (begins)
		trace = new_root();
	if (otlp && trace)
		record(otlp, trace, begins);
	return trace;
}

void otlp_adopt(struct otlp *otlp, struct trace *trace)
{
	if (otlp && trace)
		record(otlp, trace, false);
}

/* --- spans --------------------------------------------------------------------------------- */

/* Several threads may find the queue full; one of them says so. */
static void tell_full(struct otlp *otlp)
{
	int64_t next = atomic_load(&otlp->next_log_mono_ms), now = clock_mono_ms();

	if (now >= next &&
	    atomic_compare_exchange_strong(&otlp->next_log_mono_ms, &next, now + LOG_EVERY_MS))
		log_warn("otlp", "spans dropped: the collector does not take them",
			 "total=%" PRId64, atomic_load(&otlp->full));
}

void otlp_end(struct otlp *otlp, const struct otlp_span *span)
{
	char text[OTLP_SPAN_MAX];
	struct strbuf out = STRBUF_ON(text);
	struct otlp_ended *ended;

	otlp_span_write(span, &out);
	ended = out.overflow ? NULL : malloc(sizeof(*ended) + out.len);
	if (ended) {
		*ended = (struct otlp_ended){ .len = out.len };
		memcpy(ended->text, out.buf, out.len);
		if (otlp_queue_push(&otlp->queue, ended))
			return;
		free(ended);
	}
	atomic_fetch_add(&otlp->full, 1);
	tell_full(otlp);
}

void otlp_end_trace(struct otlp *otlp, const struct trace *trace, struct otlp_span *span)
{
	span->at = &trace->at;
	span->caller = trace->caller;
	span->state = trace->state;
	otlp_end(otlp, span);
}

/* --- the sender ---------------------------------------------------------------------------- */

/* Returns owned; NULL: out of memory. */
static char *body_of(const struct otlp *otlp, const struct otlp_ended *list, size_t *len)
{
	static const char tail[] = "]}]}]}";
	size_t size = strlen(otlp->head) + sizeof(tail);
	char *body, *at;

	for (const struct otlp_ended *e = list; e; e = e->next)
		size += e->len + 1;
	body = malloc(size);
	if (!body)
		return NULL;
	at = stpcpy(body, otlp->head);
	for (const struct otlp_ended *e = list; e; e = e->next) {
		at = mempcpy(at, e->text, e->len);
		if (e->next)
			*at++ = ',';
	}
	*len = (size_t)(stpcpy(at, tail) - body);
	return body;
}

static void log_failure(struct otlp *otlp, const char *what, const struct error *err)
{
	if (log_due(&otlp->next_failure_log_mono_ms, LOG_EVERY_MS))
		log_warn("otlp", what, "error=%s", LOG_QUOTE(err->msg));
}

static void sent(struct otlp *otlp, size_t count)
{
	int64_t rejected = otlp->post.rejected < (int64_t)count ? otlp->post.rejected
								: (int64_t)count;

	atomic_fetch_add(&otlp->exported, (int64_t)count - rejected);
	atomic_fetch_add(&otlp->refused, rejected);
	backoff_reset(&otlp->backoff);
	if (otlp->failing)
		log_info("otlp", "spans are exported again", "");
	otlp->failing = false;
}

/* False: it may be taken later. */
static bool try_send(struct otlp *otlp, const char *body, size_t len, size_t count)
{
	struct error err;
	enum status st = otlp_post_send(&otlp->post, body, len, &err);

	if (st == ST_OK) {
		sent(otlp, count);
		return true;
	}
	atomic_fetch_add(&otlp->errors, 1);
	otlp->failing = true;
	log_failure(otlp,
		    st == ST_REFUSED ? "spans refused by the collector"
				     : "spans cannot be exported, will retry",
		    &err);
	if (st == ST_REFUSED)
		atomic_fetch_add(&otlp->refused, (int64_t)count);
	return st == ST_REFUSED;
}

/* Until it is sent, or refused, or there is no time to try again. */
static void send_batch(struct otlp *otlp, const struct otlp_ended *list, size_t count)
{
	size_t len = 0;
	char *body = body_of(otlp, list, &len);
	bool stopping = !body;

	while (!stopping && !try_send(otlp, body, len, count)) {
		stopping = otlp_queue_wait(&otlp->queue, 0, false);
		if (!stopping)
			(void)otlp_queue_wait(
				&otlp->queue,
				backoff_next_ms(&otlp->backoff, (uint32_t)clock_mono_us()), false);
	}
	if (stopping)
		atomic_fetch_add(&otlp->unsent, (int64_t)count);
	free(body);
}

static void *sender_main(void *arg)
{
	struct otlp *otlp = arg;
	struct otlp_ended *list;
	bool stopping;
	size_t count;

	do {
		stopping = otlp_queue_wait(&otlp->queue, EVERY_MS, true);
		list = otlp_queue_take(&otlp->queue, &count);
		if (list)
			send_batch(otlp, list, count);
		otlp_queue_free(list);
	} while (!stopping || list);
	return NULL;
}

/* --- open and close ------------------------------------------------------------------------ */

static void put_resource(struct strbuf *out, const char *key, const char *text)
{
	strbuf_printf(out, "{\"key\":\"%s\",\"value\":{\"stringValue\":", key);
	otlp_span_quote(text, strlen(text), out);
	strbuf_puts(out, "}}");
}

static bool write_head(struct otlp *otlp, const struct otlp_config *config)
{
	struct strbuf out = STRBUF_ON(otlp->head);

	strbuf_puts(&out, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
	put_resource(&out, "service.name", config->service);
	strbuf_puts(&out, ",");
	put_resource(&out, "service.instance.id", config->replica);
	strbuf_puts(&out, ",");
	put_resource(&out, "service.version", PROJECT_VERSION);
	strbuf_puts(&out, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"ordering-lab\",\"version\":"
			  "\"" PROJECT_VERSION "\"},\"spans\":[");
	return !out.overflow;
}

static void release(struct otlp *otlp)
{
	otlp_post_fini(&otlp->post);
	otlp_queue_fini(&otlp->queue);
	free(otlp);
}

static enum status start(struct otlp *otlp, const struct otlp_config *config, struct error *err)
{
	if (!otlp_sampler_init(&otlp->sampler, config->sampling, config->ratio))
		return error_set(err, ST_INVALID,
				 "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1");
	if (!write_head(otlp, config))
		return error_set(err, ST_INVALID, "OTEL_SERVICE_NAME is too long");
	if (pthread_create(&otlp->sender, NULL, sender_main, otlp) != 0)
		return error_set(err, ST_INTERNAL, "cannot start the thread that exports spans");
	return ST_OK;
}

enum status otlp_open(struct otlp **out, const struct otlp_config *config, struct error *err)
{
	struct otlp *otlp;

	*out = NULL;
	if (!*config->endpoint)
		return ST_OK;
	otlp = calloc(1, sizeof(*otlp));
	if (!otlp)
		return error_set(err, ST_INTERNAL, "out of memory");
	if (otlp_post_init(&otlp->post, config->endpoint, config->headers, config->timeout_ms,
			   err) != ST_OK) {
		free(otlp);
		return err->status;
	}
	otlp_queue_init(&otlp->queue);
	otlp->backoff = (struct backoff){ .base_ms = RETRY_BASE_MS, .cap_ms = RETRY_CAP_MS };
	if (start(otlp, config, err) != ST_OK) {
		release(otlp);
		return err->status;
	}
	log_info("otlp", "spans are exported", "url=%s", LOG_QUOTE(otlp->post.url));
	*out = otlp;
	return ST_OK;
}

static bool join(struct otlp *otlp)
{
	const struct timespec end = clock_after_ms(OTLP_FLUSH_MS + END_GRACE_MS);

	return pthread_clockjoin_np(otlp->sender, NULL, CLOCK_MONOTONIC, &end) == 0;
}

void otlp_close(struct otlp *otlp)
{
	int64_t lost;
	bool joined;

	if (!otlp)
		return;
	atomic_store(&otlp->post.stop_mono_ms, clock_mono_ms() + OTLP_FLUSH_MS);
	otlp_queue_stop(&otlp->queue);
	joined = join(otlp);
	lost = atomic_load(&otlp->unsent) + (int64_t)otlp_queue_count(&otlp->queue);
	if (lost > 0 || !joined)
		log_warn("otlp", "spans lost at the stop", "n=%" PRId64, lost);
	/* One that hangs in libcurl, which may be asking for a name, is left to the process's end.
	 */
	if (joined)
		release(otlp);
}

/* --- metrics ------------------------------------------------------------------------------- */

void otlp_metrics(struct otlp *otlp, struct metrics_out *out)
{
	static const char dropped[] = "otlp_spans_dropped_total";

	metrics_one(out, "otlp_spans_exported_total", "counter",
		    "Spans that the collector has taken.", otlp ? atomic_load(&otlp->exported) : 0);
	metrics_family(out, dropped, "counter", "Spans that were dropped.");
	metrics_sample(out, dropped, "reason=\"full\"", otlp ? atomic_load(&otlp->full) : 0);
	metrics_sample(out, dropped, "reason=\"refused\"", otlp ? atomic_load(&otlp->refused) : 0);
	metrics_one(out, "otlp_export_errors_total", "counter",
		    "Requests to the collector that failed.",
		    otlp ? atomic_load(&otlp->errors) : 0);
	metrics_one(out, "otlp_spans_queued", "gauge", "Spans that wait to be sent.",
		    otlp ? (int64_t)otlp_queue_count(&otlp->queue) : 0);
}
