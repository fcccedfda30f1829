/*
 * Idempotency keys: a repeated request gets the answer that the first one got, and another request
 * under the same key is refused (draft-ietf-httpapi-idempotency-key-header). Pure.
 *
 * Invariant: equal fingerprints mean equal orders as they were placed, so the answer to a repeat is
 * made of the repeat itself and the order's id. A fingerprint only tells two requests of one key
 * apart, which whoever has the key made both: 64 bits are enough, and no secret is needed.
 *
 * Threads: any; values only.
 */
#ifndef ORDER_SERVICE_CORE_ORDER_KEY_H
#define ORDER_SERVICE_CORE_ORDER_KEY_H

#include "order-service/core/order_command.h"

/* An order that an idempotency key has placed before. */
struct order_by_key {
	char key[IDEMPOTENCY_KEY_MAX + 1];
	bool has_fingerprint; /* false: placed before there were fingerprints */
	int64_t fingerprint;
	struct order order; /* as it is now */
};

/* Of an order's content, however the JSON around it was written. */
int64_t order_key_fingerprint(const struct order_content *content);

/*
 * Answers a command that places an order under a key that placed order id with this fingerprint:
 * with the order as it was placed, replayed; ST_CONFLICT: it is another order.
 */
void order_key_replay(struct order_command *command, int64_t id, int64_t fingerprint);

/* The same for a stored order. One without a fingerprint is answered as it is now. */
void order_key_replay_stored(struct order_command *command, const struct order_by_key *before);

#endif
