/*
 * Orders over the synchronous way (DISPATCH=http), and the problems that answer them.
 */
#ifndef TESTS_SUPPORT_SYNC_CALL_H
#define TESTS_SUPPORT_SYNC_CALL_H

#include "tests/support/http_client.h"
#include "tests/support/service.h"

#define SYNC_ORDER                                                                                 \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"

/* Keeps the transaction of each effect waiting, within the test's own. */
#define SYNC_HOLD "lock table delivery.history in access exclusive mode"

/* The setting by which an order-service calls this delivery-service. */
const char *sync_delivery_url(const struct service *delivery);

struct http_answer sync_place(const struct service *order);
struct http_answer sync_move(const struct service *order, int id, const char *address);

/* problem+json of that status, with detail somewhere in it. */
void expect_problem(const struct http_answer *answer, int status, const char *detail);

#endif
