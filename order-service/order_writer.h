/*
 * Group commit: HTTP threads submit their commands; one thread applies all that wait as one batch,
 * in the order they came, and another then answers each. While a batch commits, the next one fills,
 * so the batches grow with the load by themselves.
 *
 * A command is answered within ORDER_WRITER_QUEUE_MS + ORDER_WRITER_BATCH_MS, also by a database
 * that hangs. Hosts of the url that accept no connection add 3 s each. Where order_store_deliver_by
 * delivers, each delivery takes its time besides: of a batch, and of each of its commands if one is
 * at fault, until there is one that finds nobody.
 *
 * Its progress: a batch that was stored, or refused for its content, is one; a batch that failed is
 * none, nor is the next one that fails.
 *
 * Threads: order_writer_start makes the two. order_writer_submit from any; open, start and close
 * from main, close after the last submit.
 */
#ifndef ORDER_SERVICE_ORDER_WRITER_H
#define ORDER_SERVICE_ORDER_WRITER_H

#include "common/base/metrics.h"
#include "common/runtime/progress.h"
#include "order-service/order_store.h"

#define ORDER_WRITER_QUEUE_MS 10000 /* one that has waited longer is not begun */
#define ORDER_WRITER_BATCH_MS 8000  /* for the database, for one batch */
/* After a batch that failed, without a change that waits: the writer is idle again, so that it
 * comes back where nobody sends changes to a service that is not ready. Less than
 * PROGRESS_BOUND_MS: one change that fails at once makes no standstill. */
#define ORDER_WRITER_QUIET_MS 8000

struct order_writer;

/*
 * At most queue_max commands wait. Takes store: the writer is its only user, close closes it. On an
 * error store stays the caller's. ST_INTERNAL: out of memory.
 */
MUST_CHECK enum status order_writer_open(struct order_writer **out, struct order_store *store,
					 int64_t queue_max, struct error *err);

/* Runs steps and answers until order_writer_close, on threads of their own. ST_INTERNAL: there are
 * none. */
MUST_CHECK enum status order_writer_start(struct order_writer *writer, struct error *err);

/* Applies and answers what waits, then ends the threads. */
void order_writer_close(struct order_writer *writer);

/*
 * For whoever drives the writer without order_writer_start. One step applies the commands that
 * wait, up to ORDER_BATCH_MAX; one answer calls answered() of those that are applied. They wait for
 * commands while there are none (order_queue); a step waits on pg and clock besides. False: closed,
 * and nothing is left.
 */
bool order_writer_step(struct order_writer *writer);
bool order_writer_answer(struct order_writer *writer);

/*
 * Takes the command until command->answered() is called, on a thread of the writer's; it must not
 * wait for anybody. A full queue answers ST_UNAVAILABLE at once, on the caller's thread, with
 * nothing done.
 */
void order_writer_submit(struct order_writer *writer, struct order_command *command);

/* Whether batches get done. Idle while none waits, but for ORDER_WRITER_QUIET_MS after one that
 * failed. NULL without a writer. */
struct progress *order_writer_progress(struct order_writer *writer);

/* Whether answers get sent. */
struct progress *order_writer_answers(struct order_writer *writer);

void order_writer_metrics(struct order_writer *writer, struct metrics_out *out);

#endif
