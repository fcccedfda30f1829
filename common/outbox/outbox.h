/*
 * The transactional outbox, writing side: messages that become one statement of the transaction
 * whose effect they announce. Common to both services: the table is found by the role's
 * search_path. The reading side is relay.h.
 *
 * Threads: a batch has one owner.
 */
#ifndef COMMON_OUTBOX_OUTBOX_H
#define COMMON_OUTBOX_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "common/pg/pg.h"

/* For whoever writes to the outbox. */
#define OUTBOX_INSERT "outbox_insert"
extern const struct pg_statement outbox_statements[];

struct trace; /* common/trace/trace.h */

struct outbox_message {
	const char *topic;
	const void *key; /* NULL: none */
	size_t key_len;
	const char *type;    /* header "type"; NULL: no standard headers */
	const char *headers; /* further ones: see outbox_headers.h; NULL: none */
	const void *payload; /* NULL: a null payload */
	size_t payload_len;
};

struct outbox_batch {
	struct pg_array topic, key, type, headers, payload;
	size_t count;
};

void outbox_batch_init(struct outbox_batch *batch);
void outbox_batch_fini(struct outbox_batch *batch);

/* Copies message into the batch. Running out of memory shows in pg_run. */
void outbox_batch_add(struct outbox_batch *batch, const struct outbox_message *message);

/* The common case: an event about an order, keyed by its id. payload is NUL-terminated text. trace
 * goes along in headers; NULL: none, and no byte of it. False: out of memory. */
MUST_CHECK bool outbox_batch_add_event(struct outbox_batch *batch, const char *topic,
				       int64_t order_id, const char *type, const char *payload,
				       const struct trace *trace);

/* The five parameters of OUTBOX_INSERT. */
void outbox_batch_params(struct outbox_batch *batch, struct pg_params *params);

#endif
