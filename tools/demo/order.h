/*
 * What the two customers of the lab do: PARK places an order, KIM places one, changes it, and
 * cancels it. Each call is shown as a reader types it, with its answer.
 *
 * Threads: main.
 */
#ifndef TOOLS_DEMO_ORDER_H
#define TOOLS_DEMO_ORDER_H

#include "tools/demo/lab.h"

/* Places an order; on return its delivery has started. */
MUST_CHECK enum status order_place(struct lab *lab, const char *customer, const char *product,
				   const char *address, int64_t *order, struct error *err);

/* KIM places, changes and cancels, the last while delivery-service is still at the change; on
 * return everything has come of it. */
MUST_CHECK enum status order_play(struct lab *lab, int64_t *order, struct error *err);

#endif
