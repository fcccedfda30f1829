/*
 * A change that a client asks for, and the answer to it: what travels between the HTTP threads,
 * the writer and the store.
 *
 * Threads: owned by the HTTP thread that made it; lent to the writer until it is answered.
 */
#ifndef ORDER_SERVICE_ORDER_COMMAND_H
#define ORDER_SERVICE_ORDER_COMMAND_H

#include "common/error.h"
#include "order-service/order.h"

enum order_command_kind { COMMAND_PLACE, COMMAND_MODIFY, COMMAND_CANCEL };

struct order_command {
	enum order_command_kind kind;
	int64_t order_id;             /* MODIFY, CANCEL */
	int32_t expected_version;     /* MODIFY, CANCEL: 0 any */
	unsigned fields;              /* MODIFY */
	struct order_content content; /* PLACE, MODIFY */
	const char *idempotency_key;  /* PLACE: NULL none; borrowed */

	struct error answer; /* .status: ST_OK, ST_NOT_FOUND, ST_CONFLICT, ST_UNAVAILABLE, ... */
	struct order order;  /* on ST_OK: the order after the command */
	bool replayed;       /* PLACE: the key had placed this order before */
};

/* Any field but kind at its beginning. The texts of content and order, kilobytes of room, are not
 * touched: who asks for a field has written it. */
static inline void order_command_init(struct order_command *command, enum order_command_kind kind)
{
	command->kind = kind;
	command->order_id = 0;
	command->expected_version = 0;
	command->fields = 0;
	command->idempotency_key = NULL;
	command->answer.status = ST_OK;
	command->answer.msg[0] = '\0';
	command->replayed = false;
}

#endif
