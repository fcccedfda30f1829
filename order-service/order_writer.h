/*
 * Group commit: HTTP threads hand in their commands; one thread applies all that wait as one
 * batch, in the order they came, and another then answers each. While a batch commits, the next
 * one gathers, so the batches grow with the load by themselves.
 *
 * Threads: order_writer_submit from any; open and close from main, close after the last submit.
 */
#ifndef ORDER_SERVICE_ORDER_WRITER_H
#define ORDER_SERVICE_ORDER_WRITER_H

#include "common/base/metrics.h"
#include "order-service/order_store.h"

struct order_writer;

/*
 * At most queue_max commands wait. Takes store: the writer's thread is its only user, close closes
 * it. On error store stays the caller's.
 */
MUST_CHECK enum status order_writer_open(struct order_writer **out, struct order_store *store,
					 int64_t queue_max, struct error *err);
void order_writer_close(struct order_writer *writer);

/*
 * Takes the command until command->answered() is called, on a thread of the writer's; it must not
 * wait for anybody. A full queue answers ST_UNAVAILABLE at once, on the caller's thread, with
 * nothing done.
 */
void order_writer_submit(struct order_writer *writer, struct order_command *command);

void order_writer_metrics(struct order_writer *writer, struct metrics_out *out);

#endif
