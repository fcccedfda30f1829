/* What TLS costs at order-service's door. PostgreSQL and Kafka are called in plain text. */
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/bench/cases.h"

#define CLIENTS "50"

/* How clients and order-service speak with each other. */
struct door {
	const char *name;
	const char *server; /* whose certificate and key it has; NULL: plain HTTP */
	bool token;         /* it asks who calls */
};

static const struct door doors[] = { { "HTTP", NULL, false },
				     { "HTTPS, ECDSA P-256", "ecdsa", false },
				     { "HTTPS, ECDSA P-256, a token", "ecdsa", true },
				     { "HTTPS, RSA 2048", "rsa", false } };

static const char *folder(struct bench *b)
{
	return bench_text("%s/tls", b->run_dir);
}

/* All that doors name, by one authority, as the stack has it with SECURE=1; but one key is RSA. */
static void make_certificates(struct bench *b)
{
	char rules[PATH_MAX];

	if (!realpath("stack/secure/Makefile", rules))
		bench_fail("stack/secure/Makefile is not there");
	(void)mkdir(folder(b), 0700);
	(void)bench_run(b, "openssl", NULL,
			LIST("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt",
			     "rsa_keygen_bits:2048", "-out", bench_text("%s/rsa.key", folder(b))));
	(void)bench_run(b, "certificates", LIST("MAKEFLAGS="),
			LIST("make", "-s", "-C", folder(b), "-f", rules, "PEERS=ecdsa rsa",
			     "ecdsa.crt", "rsa.crt", "identities"));
}

/* file NULL: the setting has its default. */
static void set(struct bench *b, const char *setting, const char *file)
{
	(void)setenv(setting, file ? bench_text("%s/%s", folder(b), file) : "", 1);
}

/* What is started from here on serves and calls so. */
static void use(struct bench *b, const struct door *door)
{
	const char *server = door->server;

	set(b, "HTTP_TLS_CERT", server ? bench_text("%s.crt", server) : NULL);
	set(b, "HTTP_TLS_KEY", server ? bench_text("%s.key", server) : NULL);
	set(b, "HTTP_CA", server ? "ca.crt" : NULL);
	set(b, "HTTP_IDENTITIES", door->token ? "identities" : NULL);
	set(b, "HTTP_TOKEN_FILE", door->token ? "operator.token" : NULL);
}

/* The stack's own start asks for readiness by HTTP. */
static pid_t start_orders(struct bench *b)
{
	pid_t pid = bench_spawn(
		b, "order-service",
		LIST(bench_text("HTTP_PORT=%s", b->order_port),
		     bench_text("DATABASE_URL=postgresql://order_service@127.0.0.1:%s/lab",
				getenv("PG_PORT"))),
		LIST(bench_text("%s/order-service", b->build_dir)));

	(void)bench_await(b, b->order_port, "relay_active", 1);
	return pid;
}

/* Returns the median of the time to an answer, in ms. */
static double place_orders(struct bench *b, bool keep, int64_t orders)
{
	json_t *result =
		json_loads(bench_run(b, "load",
				     LIST(bench_text("PORTS=%s", b->order_port), "RATE=0",
					  "CONNECTIONS=" CLIENTS, keep ? "KEEP=1" : "KEEP=0",
					  bench_text("COUNT=%" PRId64, orders)),
				     LIST(bench_text("%s/load", b->build_dir))),
			   0, NULL);
	int64_t answered = json_integer_value(json_object_get(result, "answered"));
	double p50_ms =
		json_number_value(json_object_get(json_object_get(result, "answered_ms"), "p50"));

	json_decref(result);
	if (answered != orders)
		bench_fail("tls: answered %" PRId64 " of %" PRId64 " calls", answered, orders);
	return p50_ms;
}

/* The processor time of all that order-service does for an order, its relay's part included.
 * before: orders that it has had. */
static void measure(struct bench *b, const struct door *door, pid_t pid, bool keep, int64_t orders,
		    int64_t before)
{
	double processor_s = bench_processor_s(pid);
	double p50_ms = place_orders(b, keep, orders);

	(void)bench_await(b, b->order_port, "relay_published_total", before + orders);
	processor_s = bench_processor_s(pid) - processor_s;
	(door == doors ? bench_reference : bench_measured)(
		b, "tls", door->name, keep ? "kept" : "each", processor_s * 1e6 / (double)orders);
	bench_measured(b, "tls", door->name, keep ? "kept p50" : "each p50", p50_ms);
}

static void measure_door(struct bench *b, const struct door *door)
{
	int64_t kept = b->quick ? 10000 : 50000, each = b->quick ? 1000 : 5000;
	pid_t pid;

	bench_fresh(b, 4);
	use(b, door);
	pid = start_orders(b);
	measure(b, door, pid, true, kept, 0);
	measure(b, door, pid, false, each, kept);
	(void)kill(pid, SIGTERM);
	bench_wait(b, "order-service", pid);
	use(b, &doors[0]);
}

void case_tls(struct bench *b)
{
	make_certificates(b);
	for (int i = 0; i < b->repeat; i++) {
		for (size_t d = 0; d < sizeof(doors) / sizeof(doors[0]); d++)
			measure_door(b, &doors[d]);
	}
}
