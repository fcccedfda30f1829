/*
 * Who may call: bearer tokens, client certificates, and what each may do.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/certificates.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"
#include "tests/support/service.h"
#include "tests/support/wait.h"

TestSuite(http_identities, .timeout = 240);

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"

/* SHA-256 of reader-token, writer-token, operator-token and second-token. */
#define READER                                                                                     \
	"reader read sha256:ba5005a40cf5212e4ac0190104cc127edab013294bb71279a975b27a80982d45\n"
#define WRITER                                                                                     \
	"writer write sha256:3590c0a59f72ce02700194a05f228a725c1f135a6dcb3ded9b2d86ab6a6f52cb\n"
#define OPERATOR                                                                                   \
	"operator operate "                                                                        \
	"sha256:0850123315d21ab90f4f7236408a52ef6dbd6a02a6550e5c10dc73f4d993680e\n"
#define SECOND                                                                                     \
	"reader read,write "                                                                       \
	"sha256:7a35833597e6687c599a0988b7a53b9b6a7ec18b88ca2a8e60f3265c8be6d527\n"

enum { READ, WRITE, OPERATE, NOBODY };
static const char *const tokens[] = { "reader-token", "writer-token", "operator-token" };

static struct service *start(const char *program, const char *identities)
{
	const char *path = test_file("identities", identities);

	return service_start(program, arena_format("HTTP_IDENTITIES=%s", path), "DISPATCH=http",
			     NULL);
}

static struct http_answer call(const struct service *service, const char *method, const char *path,
			       const char *token)
{
	const char *body = strcmp(method, "POST") == 0 || strcmp(method, "PATCH") == 0 ? TV : NULL;

	if (!token)
		return http_call(service->port, method, path, body, NULL);
	return http_call(service->port, method, path, body,
			 arena_format("Authorization: Bearer %s", token), NULL);
}

/* --- each scope on each route -------------------------------------------------------------- */

struct row {
	const char *method, *path;
	int scope;
};

static const struct row order_rows[] = {
	{ "POST", "/orders", WRITE },    { "GET", "/orders", READ },
	{ "HEAD", "/orders", READ },     { "GET", "/orders/1", READ },
	{ "PATCH", "/orders/1", WRITE }, { "DELETE", "/orders/1", WRITE },
	{ "GET", "/about", OPERATE },    { "GET", "/openapi.json", READ },
	{ "GET", "/errors", READ },      { "GET", "/healthz", NOBODY },
	{ "GET", "/readyz", NOBODY },    { "GET", "/metrics", OPERATE },
};

static const struct row delivery_rows[] = {
	{ "GET", "/deliveries", READ },
	{ "GET", "/deliveries/1", READ },
	{ "GET", "/about", OPERATE },
	{ "GET", "/in-flight", OPERATE },
	{ "POST", "/api/calculate", OPERATE },
	{ "GET", "/openapi.json", READ },
	{ "GET", "/errors", READ },
	{ "GET", "/healthz", NOBODY },
	{ "GET", "/readyz", NOBODY },
	{ "GET", "/metrics", OPERATE },
	{ "POST", "/deliveries", WRITE },
	{ "POST", "/delivery-batches", WRITE },
};

static void expect_refusal(const struct http_answer *answer, int status, const char *type,
			   const char *challenge, const struct row *row)
{
	cr_expect_eq(answer->status, status, "%s %s: %d", row->method, row->path, answer->status);
	cr_expect_str_eq(http_header(answer, "WWW-Authenticate"), challenge, "%s %s: %s",
			 row->method, row->path, http_header(answer, "WWW-Authenticate"));
	if (strcmp(row->method, "HEAD") == 0)
		return;
	cr_expect_str_eq(http_header(answer, "Content-Type"), "application/problem+json");
	cr_expect_str_eq(json_text(answer->json, "type"), type);
}

static void expect_row(const struct service *service, const struct row *row)
{
	static const char *const names[] = { "read", "write", "operate" };
	struct http_answer answer = call(service, row->method, row->path, NULL);

	if (row->scope == NOBODY) {
		cr_expect_eq(answer.status, 200, "%s", row->path);
		cr_expect_eq(call(service, row->method, row->path, "unknown").status, 200);
		return;
	}
	expect_refusal(&answer, 401, "/errors#identity-missing", "Bearer realm=\"ordering-lab\"",
		       row);
	answer = call(service, row->method, row->path, "unknown");
	expect_refusal(&answer, 401, "/errors#identity-missing",
		       "Bearer realm=\"ordering-lab\", error=\"invalid_token\"", row);
	for (int scope = READ; scope < NOBODY; scope++) {
		answer = call(service, row->method, row->path, tokens[scope]);
		if (scope != row->scope)
			expect_refusal(&answer, 403, "/errors#scope-missing",
				       arena_format("Bearer realm=\"ordering-lab\", "
						    "error=\"insufficient_scope\", scope=\"%s\"",
						    names[row->scope]),
				       row);
		else
			cr_expect(
				answer.status != 401 && answer.status != 403 && answer.status != 0,
				"%s %s: %d%s", row->method, row->path, answer.status, answer.error);
	}
}

LAB_TEST(http_identities, each_scope_on_each_route, 1)
{
	const struct service *order = start(ORDER, "# who may what\n\n" READER WRITER OPERATOR);
	const struct service *delivery = start(DELIVERY, READER WRITER OPERATOR);

	for (size_t i = 0; i < sizeof(order_rows) / sizeof(order_rows[0]); i++)
		expect_row(order, &order_rows[i]);
	for (size_t i = 0; i < sizeof(delivery_rows) / sizeof(delivery_rows[0]); i++)
		expect_row(delivery, &delivery_rows[i]);
	/* A route that is not in the tables above. */
	cr_expect_eq(call(order, "GET", "/nothing", NULL).status, 404);
	cr_expect_eq(call(order, "OPTIONS", "/orders", NULL).status, 204);
	for (int i = 0; i < NOBODY; i++) {
		cr_expect_not(service_logged(order, tokens[i]), "%s is in the log", tokens[i]);
		cr_expect_not(service_logged(delivery, tokens[i]));
	}
	cr_expect_not(service_logged(
		order, "ba5005a40cf5212e4ac0190104cc127edab013294bb71279a975b27a80982d45"));
	cr_expect(service_logged(order, "msg=\"a caller was refused\""));
}

LAB_TEST(http_identities, what_is_no_bearer_token_is_nobody, 1)
{
	static const char *const fields[] = { "Authorization: Basic cmVhZGVyLXRva2Vu",
					      "Authorization: reader-token",
					      "Authorization: Bearer",
					      "Authorization: Bearer ",
					      "Authorization: Bearerreader-token",
					      "Authorization: Bearer reader-token2",
					      "Authorization: Bearer READER-TOKEN" };
	const struct service *order = start(ORDER, READER);

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		cr_expect_eq(http_call(order->port, "GET", "/orders", NULL, fields[i], NULL).status,
			     401, "%s", fields[i]);
	cr_expect_eq(http_call(order->port, "GET", "/orders", NULL,
			       "authorization: bearer  reader-token", NULL)
			     .status,
		     200);
	cr_expect_eq(http_call(order->port, "GET", "/orders", NULL,
			       "Authorization: Bearer reader-token",
			       "Authorization: Bearer reader-token", NULL)
			     .status,
		     400);
	cr_expect_eq(call(order, "GET", "/metrics", "reader-token").status, 403);
}

LAB_TEST(http_identities, the_file_is_read_again_at_sighup, 1)
{
	const struct service *order = start(ORDER, READER);

	service_allow_errors();
	cr_expect_eq(call(order, "GET", "/orders", "second-token").status, 401);
	(void)test_file("identities", READER SECOND);
	cr_expect_eq(call(order, "GET", "/orders", "second-token").status, 401);
	service_signal(order, SIGHUP);
	cr_expect(wait_until(60000, call(order, "GET", "/orders", "second-token").status == 200));
	cr_expect_eq(call(order, "GET", "/orders", "reader-token").status, 200);
	/* What is broken, or empty, changes nothing. */
	(void)test_file("identities", SECOND "reader read sha256:12\n");
	service_signal(order, SIGHUP);
	cr_expect(service_logs(order, "line 2: behind the scopes must be sha256:"));
	(void)test_file("identities", "");
	service_signal(order, SIGHUP);
	cr_expect(service_logs(order, "there is no identity in it"));
	cr_expect_eq(call(order, "GET", "/orders", "reader-token").status, 200);
	cr_expect_eq(call(order, "GET", "/orders", "second-token").status, 200);
	(void)test_file("identities", SECOND OPERATOR);
	service_signal(order, SIGHUP);
	cr_expect(wait_until(60000, call(order, "GET", "/orders", "reader-token").status == 401));
	cr_expect_not_null(strstr(call(order, "GET", "/metrics", "operator-token").body,
				  "\nhttp_tls_reload_failures_total 2\n"));
}

/* --- client certificates ------------------------------------------------------------------- */

/* From here on http_call shows it. */
static void come_with(const struct certificate *client)
{
	cr_assert_eq(setenv("HTTP_CLIENT_CERT", client ? client->certificate : "", 1), 0);
	cr_assert_eq(setenv("HTTP_CLIENT_KEY", client ? client->key : "", 1), 0);
}

static struct service *start_tls(const struct authority *servers, const struct authority *clients,
				 const char *more)
{
	const struct certificate server = authority_server(servers, "server");

	cr_assert_eq(setenv("HTTP_CA", authority_path(servers), 1), 0);
	return service_start(ORDER, arena_format("HTTP_TLS_CERT=%s", server.certificate),
			     arena_format("HTTP_TLS_KEY=%s", server.key),
			     arena_format("HTTP_CLIENT_CA=%s", authority_path(clients)), more,
			     NULL);
}

LAB_TEST(http_identities, a_client_certificate_is_enough_where_there_is_no_file, 1)
{
	struct authority *servers = authority_make("servers"), *clients = authority_make("clients");
	const struct certificate good = authority_client(clients, "anybody");
	const struct certificate foreign = authority_client(authority_make("foreign"), "stranger");
	const struct certificate server = authority_server(clients, "no-client");
	const struct service *order = start_tls(servers, clients, NULL);

	cr_expect_eq(call(order, "GET", "/healthz", NULL).status, 200);
	cr_expect_eq(call(order, "GET", "/orders", NULL).status, 401);
	come_with(&good);
	cr_expect_eq(call(order, "GET", "/orders", NULL).status, 200);
	cr_expect_eq(call(order, "GET", "/metrics", NULL).status, 200);
	cr_expect_eq(call(order, "POST", "/orders", NULL).status, 201);
	come_with(&foreign);
	cr_expect_eq(call(order, "GET", "/healthz", NULL).status, 0);
	come_with(&server);
	cr_expect_eq(call(order, "GET", "/healthz", NULL).status, 0);
	come_with(&good);
	cr_expect(service_metric_reaches(order, "http_tls_handshakes_failed_total", 2));
}

LAB_TEST(http_identities, a_common_name_has_scopes_and_a_token_goes_first, 1)
{
	struct authority *authority = authority_make("lab");
	const struct certificate shop = authority_client(authority, "the shop");
	const struct certificate other = authority_client(authority, "the shop 2");
	const char *path = test_file("identities", "shop read,operate cn:the shop\n" WRITER);
	const struct service *order =
		start_tls(authority, authority, arena_format("HTTP_IDENTITIES=%s", path));

	cr_expect_eq(call(order, "GET", "/orders", NULL).status, 401);
	cr_expect_eq(call(order, "POST", "/orders", "writer-token").status, 201);
	come_with(&other);
	cr_expect_eq(call(order, "GET", "/orders", NULL).status, 401);
	come_with(&shop);
	cr_expect_eq(call(order, "GET", "/orders", NULL).status, 200);
	cr_expect_eq(call(order, "POST", "/orders", NULL).status, 403);
	cr_expect_eq(call(order, "POST", "/orders", "writer-token").status, 201);
	cr_expect_eq(call(order, "GET", "/orders", "writer-token").status, 403);
	cr_expect_eq(call(order, "GET", "/orders", "unknown").status, 401);
}

/* --- what is refused at the start ---------------------------------------------------------- */

static void expect_refused(const char *flag, const char *const *settings, const char *text)
{
	struct program_run run = program_run(ORDER, flag, settings);

	cr_expect_eq(run.status, 2, "%s", run.output);
	cr_expect_not_null(strstr(run.output, text), "%s", run.output);
}

LAB_TEST(http_identities, nobody_listens_beyond_loopback_by_mistake, 1)
{
	const char *identities =
		arena_format("HTTP_IDENTITIES=%s", test_file("identities", READER));
	const char *broken =
		arena_format("HTTP_IDENTITIES=%s", test_file("broken", READER "reader all cn:x\n"));

	expect_refused("--check-config", (const char *const[]){ "HTTP_HOST=0.0.0.0", NULL },
		       "HTTP_HOST: beyond loopback set HTTP_IDENTITIES or HTTP_CLIENT_CA");
	expect_refused("--check-config", (const char *const[]){ "HTTP_HOST=::", identities, NULL },
		       "HTTP_IDENTITIES: beyond loopback set HTTP_TLS_CERT and HTTP_TLS_KEY");
	expect_refused("--check-config", (const char *const[]){ "HTTP_CLIENT_CA=x", NULL },
		       "HTTP_CLIENT_CA: needs HTTP_TLS_CERT and HTTP_TLS_KEY");
	expect_refused(NULL, (const char *const[]){ broken, "HTTP_PORT=0", NULL },
		       "line 2: the scopes must be read, write or operate");
	cr_expect_eq(program_run(ORDER, "--check-config",
				 (const char *const[]){ "HTTP_HOST=0.0.0.0", "INSECURE=1", NULL })
			     .status,
		     0);
	cr_expect_eq(call(service_start(ORDER, "HTTP_HOST=0.0.0.0", "INSECURE=1", identities, NULL),
			  "GET", "/orders", "reader-token")
			     .status,
		     200);
}
