/*
 * A change that a client asks for, and the answer to it: what travels between the order API and
 * the writer or sync_dispatch, which carry it out.
 *
 * Threads: one owner at a time: whoever it was submitted to, until it calls answered().
 */
#ifndef ORDER_SERVICE_CORE_ORDER_COMMAND_H
#define ORDER_SERVICE_CORE_ORDER_COMMAND_H

#include "common/base/error.h"
#include "common/trace/trace.h"
#include "order-service/core/order.h"

enum order_command_kind { COMMAND_PLACE, COMMAND_MODIFY, COMMAND_CANCEL };

struct order_command {
	/* Called once when the answer is in; takes the command back. */
	void (*answered)(struct order_command *command);
	struct order_command *next; /* of its queue */

	enum order_command_kind kind;
	int64_t order_id;                 /* MODIFY, CANCEL */
	struct order_condition condition; /* MODIFY, CANCEL */
	unsigned fields;                  /* MODIFY */
	struct order_content content;     /* PLACE, MODIFY */
	const char *idempotency_key;      /* PLACE: NULL none; borrowed */
	int64_t submitted_mono_ms;        /* the writer's */
	const struct trace *trace;        /* of the request; NULL: none; borrowed */

	struct error answer; /* .status: ST_OK, ST_NOT_FOUND, ST_CONFLICT, ST_UNAVAILABLE, ... */
	struct order order;  /* on ST_OK: the order after the command; MODIFY and CANCEL on
				ST_CONFLICT: its version alone */
	bool replayed;       /* PLACE: the key had placed this order before */
};

/* Any field but these at its beginning. The texts of content and order, kilobytes of room, are not
 * touched: who asks for a field has written it. */
static inline void order_command_init(struct order_command *command, enum order_command_kind kind,
				      void (*answered)(struct order_command *command))
{
	command->answered = answered;
	command->next = NULL;
	command->kind = kind;
	command->order_id = 0;
	command->condition.match.any = true;
	command->condition.match.count = 0;
	command->condition.none_match.any = false;
	command->condition.none_match.count = 0;
	command->fields = 0;
	command->idempotency_key = NULL;
	command->trace = NULL;
	command->answer.status = ST_OK;
	command->answer.msg[0] = '\0';
	command->replayed = false;
}

#endif
