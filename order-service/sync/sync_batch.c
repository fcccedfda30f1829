#include "order-service/sync/sync_batch.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/strbuf.h"
#include "common/http/http_framing.h"
#include "order-service/sync/delivery_call.h"

struct sync_batch {
	struct delivery_call_target delivery;
	char body[HTTP_BODY_MAX_BYTES + 1]; /* the writer thread's */
};

enum status sync_batch_open(struct sync_batch **out, const char *delivery_url, int64_t timeout_ms,
			    const struct http_caller *caller, struct error *err)
{
	const struct delivery_call_config call = { delivery_url, "/delivery-batches", timeout_ms,
						   .kept = 1, .caller = caller };
	struct sync_batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return error_set(err, ST_INTERNAL, "out of memory");
	if (delivery_call_init(&batch->delivery, &call, err) != ST_OK) {
		free(batch);
		return err->status;
	}
	*out = batch;
	return ST_OK;
}

void sync_batch_stop(struct sync_batch *batch)
{
	if (batch)
		atomic_store(&batch->delivery.stopping, true);
}

void sync_batch_close(struct sync_batch *batch)
{
	if (!batch)
		return;
	delivery_call_fini(&batch->delivery);
	free(batch);
}

/* Writes a body of the first of the events. Returns how many it holds; 0: not even one fits. */
static size_t write_body(struct sync_batch *batch, const struct order_batch_event *events,
			 size_t count)
{
	struct strbuf body = STRBUF_ON(batch->body);
	size_t n = 0;

	strbuf_puts(&body, "{\"events\":[");
	while (n < count) {
		const size_t before = body.len;

		if (n > 0)
			strbuf_puts(&body, ",");
		strbuf_puts(&body, events[n].payload);
		if (body.overflow || sizeof(batch->body) - body.len < sizeof("]}")) {
			body.len = before;
			body.overflow = false;
			break;
		}
		n++;
	}
	strbuf_puts(&body, "]}");
	return n;
}

enum status sync_batch_deliver(void *context, const struct order_batch_event *events, size_t count,
			       struct error *err)
{
	struct sync_batch *batch = context;
	enum status st = ST_OK;

	for (size_t done = 0; st == ST_OK && done < count;) {
		size_t n = write_body(batch, events + done, count - done);

		if (n == 0)
			return error_set(err, ST_INTERNAL, "an event is too long for a call");
		st = delivery_call(&batch->delivery, batch->body, err);
		done += n;
	}
	return st;
}
