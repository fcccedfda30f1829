/*
 * The trace of an event: what its message says of it, and the span of its processing, from its
 * receipt to the commit of its effect, work and waiting included.
 *
 * Threads: the delivery loop's.
 */
#ifndef DELIVERY_SERVICE_CONSUME_DELIVERY_SPAN_H
#define DELIVERY_SERVICE_CONSUME_DELIVERY_SPAN_H

#include "common/otlp/otlp.h"
#include "delivery-service/core/delivery_batch.h"

struct delivery_span_config {
	struct otlp *otlp; /* NULL: no spans; borrowed */
	const char *topic, *group, *replica;
};

/* Returns owned; NULL: it has none. */
struct trace *delivery_span_begin(struct otlp *otlp, const struct message *message);

/* The event is decided, and that is committed. */
void delivery_span_end(const struct delivery_span_config *config, const struct batch_event *event);

#endif
