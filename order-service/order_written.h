/*
 * What a batch writes, as the parameters of its statements: an array for each column.
 *
 * Threads: one owner.
 */
#ifndef ORDER_SERVICE_ORDER_WRITTEN_H
#define ORDER_SERVICE_ORDER_WRITTEN_H

#include "common/outbox/outbox.h"
#include "order-service/core/order_batch.h"

enum order_column {
	ORDER_COLUMN_ID,
	ORDER_COLUMN_VERSION,
	ORDER_COLUMN_STATUS,
	ORDER_COLUMN_CUSTOMER,
	ORDER_COLUMN_PRODUCT,
	ORDER_COLUMN_NAME,
	ORDER_COLUMN_QTY,
	ORDER_COLUMN_ADDRESS,
	ORDER_COLUMN_KEY,
	ORDER_COLUMN_FINGERPRINT,
	ORDER_COLUMN_COUNT
};

struct order_written {
	struct pg_array fresh[ORDER_COLUMN_COUNT], old[ORDER_COLUMN_COUNT];
	struct outbox_batch events;
	bool no_memory; /* an event is missing: nothing may be written */
};

/* From a batch that is decided. Running out of memory shows in pg_run. */
void order_written_init(struct order_written *written, const struct order_batch *batch,
			const char *topic);
void order_written_fini(struct order_written *written);

/* The columns of the new orders, all of them in turn. */
void order_written_insert_params(struct order_written *written, struct pg_params *params);

/* Of the changed orders id, version, status, product id and name, qty, address. */
void order_written_update_params(struct order_written *written, struct pg_params *params);

#endif
