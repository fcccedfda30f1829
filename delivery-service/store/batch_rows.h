/*
 * The rows that a batch writes, column by column, as the statements of batch_save take them.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_STORE_BATCH_ROWS_H
#define DELIVERY_SERVICE_STORE_BATCH_ROWS_H

#include <stdbool.h>

#include "common/outbox/outbox.h"
#include "common/pg/pg_array.h"
#include "delivery-service/core/commit_plan.h"
#include "delivery-service/core/delivery_batch.h"

/* Columns of delivery, history, trace and parked. */
enum {
	D_ID,
	D_ORDER,
	D_VERSION,
	D_CUSTOMER,
	D_PRODUCT,
	D_NAME,
	D_QTY,
	D_ADDRESS,
	D_STATUS,
	D_ROW_VERSION, /* only of rows that are there already */
	D_COUNT
};
enum {
	H_ORDER,
	H_VERSION,
	H_EVENT,
	H_STATUS,
	H_PARTITION,
	H_OFFSET,
	H_RECEIVED,
	H_CONTENT,
	H_COUNT
};
enum { T_ORDER, T_PARTITION, T_OFFSET, T_PARENT, T_STATE, T_COUNT };
enum { P_ORDER, P_VERSION, P_EVENT, P_PAYLOAD, P_PARTITION, P_OFFSET, P_RECEIVED, P_COUNT };

struct batch_rows {
	const char *topic;   /* borrowed; NULL: nobody is told of the effects */
	const char *replica; /* borrowed */
	struct pg_array inserted[D_COUNT], updated[D_COUNT], history[H_COUNT], parked[P_COUNT];
	struct pg_array traces[T_COUNT];
	struct pg_array plain_partition, plain_offset;
	struct pg_array unparked_order, unparked_version;
	struct pg_array cleared_partition, cleared_first, cleared_end;
	struct pg_array put_partition, put_first, put_end;
	struct outbox_batch outbox;
	bool no_memory; /* a row is missing: nothing may be written */
};

void batch_rows_init(struct batch_rows *rows, const char *topic, const char *replica);
void batch_rows_fini(struct batch_rows *rows);

/* The row of an order that the batch has changed. */
void batch_rows_add_delivery(struct batch_rows *rows, const struct batch_order *order);

/* The history row of an event with an effect, and its trace if it has one. */
void batch_rows_add_effect(struct batch_rows *rows, const struct batch_event *event);

/* The Delivery* event of an event with an effect. */
void batch_rows_add_outgoing(struct batch_rows *rows, const struct batch_event *event,
			     const struct batch_order *order);

/* What has no effect: it is parked, or a dead letter, or nothing is to be written for it. */
void batch_rows_add_other(struct batch_rows *rows, const struct batch_event *event);

/* The ranges of offsets that are done behind a gap. */
void batch_rows_add_position(struct batch_rows *rows, const struct commit_entry *entry);

#endif
