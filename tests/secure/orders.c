/* Orders go their way for who may: placed, modified and cancelled by HTTPS, through Kafka, into
 * PostgreSQL; and the history checker finds nothing. */
#include <stdlib.h>

#include "common/runtime/command.h"
#include "tests/secure/secure.h"
#include "tests/support/arena.h"
#include "tests/support/database.h"
#include "tests/support/http_client.h"
#include "tests/support/wait.h"

#define ORDERS    10
#define DONE_MS   120000
#define VERIFY_MS 600000

static int64_t deliveries(const struct secure *secure, const char *status)
{
	const char *url = arena_format("postgresql://lab@127.0.0.1:%d/lab?passfile=%s",
				       (int)secure->pg_port, secure_path(secure, "pgpass"));

	return database_number(
		url,
		arena_format("select count(*) from delivery.delivery where status = '%s'", status));
}

static bool place(const struct secure *secure, int64_t *id)
{
	struct http_answer answer =
		http_call((int)secure->order_port, "POST", "/orders",
			  "{\"customerId\":1,\"productId\":\"2\",\"productName\":\"TV\",\"qty\":1,"
			  "\"address\":\"SEOUL\"}",
			  NULL);

	*id = json_number(answer.json, "id");
	return answer.status == 201;
}

/* Each is modified, and every second one cancelled. */
static int play(const struct secure *secure)
{
	int done = 0;

	for (int i = 0; i < ORDERS; i++) {
		int64_t id;
		bool good = place(secure, &id);
		const char *path = arena_format("/orders/%d", (int)id);

		good = good &&
		       http_call((int)secure->order_port, "PATCH", path, "{\"address\":\"PUSAN\"}",
				 "Content-Type: application/merge-patch+json", NULL)
				       .status == 200;
		if (i % 2)
			good = good &&
			       http_call((int)secure->order_port, "DELETE", path, NULL, NULL)
						       .status /
					       100 ==
				       2;
		done += good;
	}
	return done;
}

bool secure_verify(const struct secure *secure, const char *acks)
{
	const char *checker = arena_format("%s/verify-history", secure->build_dir);
	const struct command verify = {
		.arguments = { "env", "WAIT=120",
			       arena_format("ACKS=%s", acks ? secure_path(secure, acks) : ""),
			       arena_format("DATABASE_URL=postgresql://lab@127.0.0.1:%d/lab",
					    (int)secure->pg_port),
			       checker },
		.output_path = secure_path(secure, "log/verify.log"),
		.timeout_ms = wait_stretch(VERIFY_MS)
	};

	return command_run(&verify) == 0;
}

void orders_expect(struct secure *secure)
{
	int done;

	(void)setenv("HTTP_TOKEN_FILE", secure_path(secure, "secure/customer.token"), 1);
	done = play(secure);
	secure_expect(secure, done == ORDERS, "%d of %d orders are placed, modified, cancelled",
		      done, ORDERS);
	secure_expect(secure,
		      wait_within(DONE_MS, deliveries(secure, "DELIVERY CANCELLED") == ORDERS / 2 &&
						   deliveries(secure, "DELIVERY MODIFIED") ==
							   ORDERS - ORDERS / 2),
		      "their deliveries end right");
	secure_expect(secure, secure_verify(secure, NULL), "the history checker finds nothing");
}
