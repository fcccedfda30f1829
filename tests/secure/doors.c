/* The doors: Kafka, PostgreSQL, and the services' HTTPS. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka_metadata.h"
#include "tests/secure/secure.h"
#include "tests/support/arena.h"
#include "tests/support/http_client.h"
#include "tests/support/wait.h"

#define REFUSED_MS  3000 /* who is refused gets no answer, however long it waits */
#define ANSWERED_MS 60000

/* --- Kafka --------------------------------------------------------------------------------- */

static bool kafka_answers(const struct secure *secure, const char *properties, int timeout_ms)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_t *client = secure_client(secure, properties, NULL);
	bool answers = kafka_metadata(client, secure->topic, timeout_ms, &metadata) ==
		       RD_KAFKA_RESP_ERR_NO_ERROR;

	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	rd_kafka_destroy(client);
	return answers;
}

/* With the authority and the certificate of one folder or the other. */
static const char *properties(const struct secure *secure, const char *trusted, const char *shown)
{
	const char *text = arena_format("security.protocol=ssl;ssl.ca.location=%s/ca.crt",
					secure_path(secure, trusted));

	if (shown)
		text = arena_format(
			"%s;ssl.certificate.location=%s/page.crt;ssl.key.location=%s/page.key",
			text, secure_path(secure, shown), secure_path(secure, shown));
	return text;
}

bool door_kafka(const struct secure *secure, const char *trusted, const char *shown)
{
	return kafka_answers(secure, properties(secure, trusted, shown), REFUSED_MS);
}

static void expect_kafka(struct secure *secure)
{
	secure_expect(secure,
		      kafka_answers(secure, properties(secure, "secure", "secure"), ANSWERED_MS),
		      "Kafka answers a certificate of its CA");
	secure_expect(secure, !kafka_answers(secure, "", REFUSED_MS), "Kafka refuses plain text");
	secure_expect(secure, !door_kafka(secure, "secure", NULL),
		      "Kafka refuses who has no certificate");
	secure_expect(secure, !door_kafka(secure, "secure", "other"),
		      "Kafka refuses a certificate of another CA");
	secure_expect(secure, !door_kafka(secure, "other", "secure"),
		      "a client that trusts another CA does not take Kafka");
}

/* --- PostgreSQL ---------------------------------------------------------------------------- */

/* Why it refuses; "" if it does not. */
static const char *postgres_refusal(const struct secure *secure, const char *options)
{
	PGconn *conn = PQconnectdb(arena_format(
		"hostaddr=127.0.0.1 port=%d dbname=lab user=order_service passfile=%s %s",
		(int)secure->pg_port, secure_path(secure, "pgpass.order_service"), options));
	const char *why =
		PQstatus(conn) == CONNECTION_OK ? "" : arena_format("%s", PQerrorMessage(conn));

	PQfinish(conn);
	return why;
}

const char *door_postgres(const struct secure *secure, const char *trusted)
{
	return postgres_refusal(
		secure, arena_format("host=127.0.0.1 sslmode=verify-full sslrootcert=%s/ca.crt",
				     secure_path(secure, trusted)));
}

static void expect_postgres(struct secure *secure)
{
	const char *ours = secure_path(secure, "secure/ca.crt");
	const char *why = door_postgres(secure, "secure");

	secure_expect(secure, !why[0], "PostgreSQL takes TLS and a password %s", why);
	why = postgres_refusal(secure, "host=127.0.0.1 sslmode=disable");
	secure_expect(secure, strstr(why, "no encryption"), "PostgreSQL refuses plain text");
	why = door_postgres(secure, "other");
	secure_expect(secure, strstr(why, "certificate verify failed"),
		      "a client that trusts another CA does not take PostgreSQL");
	why = postgres_refusal(
		secure, arena_format("host=example.com sslmode=verify-full sslrootcert=%s", ours));
	secure_expect(secure, strstr(why, "does not match"),
		      "a client that wants another name does not take PostgreSQL");
}

/* --- HTTPS --------------------------------------------------------------------------------- */

/* Who calls: each NULL: not. Files below RUN_DIR. */
static void call_as(const struct secure *secure, const char *trusted, const char *token,
		    const char *certificate)
{
	const char *const names[] = { "HTTP_CA", "HTTP_TOKEN_FILE", "HTTP_CLIENT_CERT",
				      "HTTP_CLIENT_KEY" };
	const char *const files[] = { trusted, token,
				      certificate ? arena_format("%s.crt", certificate) : NULL,
				      certificate ? arena_format("%s.key", certificate) : NULL };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)setenv(names[i], files[i] ? secure_path(secure, files[i]) : "", 1);
}

static int status_of(int64_t port, const char *method, const char *path)
{
	const char *body = strcmp(method, "POST") == 0
				   ? "{\"customerId\":1,\"productId\":\"2\",\"productName\":\"TV\","
				     "\"qty\":1,\"address\":\"SEOUL\"}"
				   : NULL;

	return http_call((int)port, method, path, body, NULL).status;
}

int door_https(const struct secure *secure, const char *trusted, const char *shown)
{
	call_as(secure, arena_format("%s/ca.crt", trusted), shown ? NULL : "secure/reader.token",
		shown ? arena_format("%s/page", shown) : NULL);
	return status_of(secure->order_port, "GET", "/orders");
}

bool door_page(const struct secure *secure, const char *trusted)
{
	call_as(secure, trusted ? arena_format("%s/ca.crt", trusted) : NULL, NULL, NULL);
	return status_of(secure->page_port, "GET", "/healthz") == 200;
}

/* The status of what is asked of the page, from a page at that origin. */
static int order_by_page(const struct secure *secure, const char *scheme, const char *token)
{
	call_as(secure, "secure/ca.crt", token, NULL);
	return http_call((int)secure->page_port, "POST", "/actions/order", "{\"method\":\"POST\"}",
			 arena_format("Origin: %s://127.0.0.1:%d", scheme, (int)secure->page_port),
			 NULL)
		.status;
}

static void expect_page(struct secure *secure)
{
	secure_expect(secure, door_page(secure, "secure"), "the page answers by HTTPS");
	secure_expect(secure, !door_page(secure, NULL), "the page refuses plain text");
	secure_expect(secure, !door_page(secure, "other"),
		      "a client that trusts another CA does not take the page");
	secure_expect(secure, order_by_page(secure, "https", "page.token") == 200,
		      "the page calls order-service for who has its token");
	secure_expect(secure, order_by_page(secure, "http", "page.token") == 403,
		      "the page refuses who comes from a page by plain HTTP");
	secure_expect(secure, order_by_page(secure, "https", "other/customer.token") == 401,
		      "the page refuses a wrong token");
}

static void expect_callers(struct secure *secure)
{
	const char *ca = "secure/ca.crt";
	const int64_t port = secure->order_port;

	call_as(secure, ca, NULL, NULL);
	secure_expect(secure, status_of(port, "GET", "/readyz") == 200, "anybody asks for /readyz");
	secure_expect(secure, status_of(port, "GET", "/orders") == 401, "nobody known is refused");
	secure_expect(secure, status_of(port, "GET", "/metrics") == 401, "metrics are not for all");
	call_as(secure, ca, "other/customer.token", NULL);
	secure_expect(secure, status_of(port, "GET", "/orders") == 401, "a wrong token is refused");
	call_as(secure, ca, "secure/reader.token", NULL);
	secure_expect(secure, status_of(port, "GET", "/orders") == 200, "reader reads");
	secure_expect(secure, status_of(port, "POST", "/orders") == 403, "reader does not write");
	call_as(secure, ca, "secure/customer.token", NULL);
	secure_expect(secure, status_of(port, "POST", "/orders") == 201, "customer writes");
	secure_expect(secure, status_of(port, "GET", "/metrics") == 403,
		      "customer does not operate");
	call_as(secure, ca, NULL, "secure/page");
	secure_expect(secure, status_of(secure->delivery_port, "GET", "/metrics") == 200,
		      "the page operates by its certificate");
	call_as(secure, ca, NULL, "secure/order-service");
	secure_expect(secure, status_of(secure->delivery_port, "GET", "/metrics") == 403,
		      "order-service does not operate delivery-service");
}

static void expect_https(struct secure *secure)
{
	call_as(secure, NULL, "secure/customer.token", NULL);
	secure_expect(secure, status_of(secure->order_port, "GET", "/orders") != 200,
		      "order-service refuses plain text");
	call_as(secure, "other/ca.crt", "secure/customer.token", NULL);
	secure_expect(secure, status_of(secure->order_port, "GET", "/orders") == 0,
		      "a client that trusts another CA does not take order-service");
	call_as(secure, "secure/ca.crt", NULL, "other/page");
	secure_expect(secure, status_of(secure->order_port, "GET", "/readyz") == 0,
		      "order-service refuses a certificate of another CA");
	expect_callers(secure);
	expect_page(secure);
	call_as(secure, "secure/ca.crt", "secure/operator.token", NULL);
}

void doors_expect(struct secure *secure)
{
	expect_kafka(secure);
	expect_postgres(secure);
	expect_https(secure);
}
