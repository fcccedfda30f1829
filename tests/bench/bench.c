#include "tests/bench/bench.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEXTS       32
#define TEXT_BYTES  1024
#define CONNECTIONS "640" /* of PostgreSQL: pgbench with 500 clients, and the services */
#define ARGUMENTS   64
#define OUTPUT_MAX  (1 << 20)
#define TRIES       3 /* of a case */

void bench_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)fputs("bench: ", stderr);
	(void)vfprintf(stderr, fmt, args);
	(void)fputs("\n", stderr);
	va_end(args);
	exit(1);
}

const char *bench_text(const char *fmt, ...)
{
	static char texts[TEXTS][TEXT_BYTES];
	static unsigned next;
	char *text = texts[next++ % TEXTS];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, TEXT_BYTES, fmt, args);
	va_end(args);
	return text;
}

static const char *needed(const char *name)
{
	const char *value = getenv(name);

	if (!value || !*value)
		bench_fail("%s is not set: run the benchmarks with make bench", name);
	return value;
}

/* --- figures ------------------------------------------------------------------------------- */

static void note(struct bench *b, const char *which_case, const char *subject, const char *figure,
		 double value, bool reference)
{
	struct measured_value v = { .value = value, .reference = reference };

	(void)snprintf(v.subject, sizeof(v.subject), "%s", subject);
	(void)snprintf(v.figure, sizeof(v.figure), "%s", figure);
	if (!measured_add(&b->measured, &v))
		bench_fail("%s measures more than %d values", which_case, MEASURED_MAX);
	(void)printf("%s%s%s: %s %.3f\n", which_case, strcmp(subject, "-") == 0 ? "" : " ",
		     strcmp(subject, "-") == 0 ? "" : subject, figure, value);
	(void)fflush(stdout);
}

void bench_measured(struct bench *b, const char *which_case, const char *subject,
		    const char *figure, double value)
{
	note(b, which_case, subject, figure, value, false);
}

void bench_reference(struct bench *b, const char *which_case, const char *subject,
		     const char *figure, double value)
{
	note(b, which_case, subject, figure, value, true);
}

void bench_case(struct bench *b, const char *which_case, void (*run)(struct bench *b))
{
	const struct measured_value *worst;
	double spread = 0;

	for (int tries = 1; tries <= TRIES; tries++) {
		b->measured.count = 0;
		run(b);
		worst = measured_unsteadiest(&b->measured, &spread);
		if (!worst || spread <= MEASURED_SPREAD_MAX)
			break;
		(void)printf("%s: the reference %s moved by %.0f %%, over %.0f %%: %s\n",
			     which_case, worst->figure, 100 * spread, 100 * MEASURED_SPREAD_MAX,
			     tries < TRIES ? "once more" : "no verdict");
		if (tries == TRIES)
			bench_measured(b, which_case, "-", "unsteady", spread);
	}
	measured_write(&b->measured, which_case, b->out);
}

double bench_per_second(int64_t count, int64_t us)
{
	return us > 0 ? (double)(int64_t)((double)count * 1e6 / (double)us) : 0;
}

int64_t bench_wall_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool bench_find(const char *text, const char *prefix, double *out)
{
	const char *last = NULL;
	char *end;

	for (const char *at = text; (at = strstr(at, prefix)); at++)
		last = at + strlen(prefix);
	if (!last)
		return false;
	*out = strtod(last, &end);
	return end != last;
}

/* --- programs ------------------------------------------------------------------------------ */

static const char *log_of(struct bench *b, const char *name, const char *kind)
{
	return bench_text("%s/log/%s.%s", b->run_dir, name, kind);
}

/* Runs in the child. */
static _Noreturn void exec_program(const char *out, const char *err, const char *const *settings,
				   const char *const *argv)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC;
	int in = open("/dev/null", O_RDONLY);

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)dup2(in, STDIN_FILENO);
	(void)dup2(open(out, flags, 0644), STDOUT_FILENO);
	(void)dup2(open(err, flags, 0644), STDERR_FILENO);
	for (; settings && *settings; settings++)
		(void)putenv((char *)*settings);
	(void)execvp(argv[0], (char *const *)argv);
	_exit(127);
}

pid_t bench_spawn(struct bench *b, const char *name, const char *const *settings,
		  const char *const *argv)
{
	const char *out = log_of(b, name, "out"), *err = log_of(b, name, "log");
	pid_t pid = fork();

	if (pid < 0)
		bench_fail("%s cannot be started", name);
	if (pid == 0)
		exec_program(out, err, settings, argv);
	return pid;
}

void bench_wait(struct bench *b, const char *name, pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		bench_fail("%s failed; see %s", name, log_of(b, name, "log"));
}

static const char *text_of(const char *path)
{
	static char text[OUTPUT_MAX];
	FILE *in = fopen(path, "re");
	size_t len = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

	text[len] = '\0';
	if (in)
		(void)fclose(in);
	return text;
}

const char *bench_run(struct bench *b, const char *name, const char *const *settings,
		      const char *const *argv)
{
	bench_wait(b, name, bench_spawn(b, name, settings, argv));
	return bench_output(b, name);
}

double bench_memory_mb(struct bench *b, pid_t pid, const char *field)
{
	double kb = 0;

	(void)b;
	if (!bench_find(text_of(bench_text("/proc/%d/status", (int)pid)), bench_text("%s:", field),
			&kb))
		bench_fail("process %d does not run", (int)pid);
	return kb / 1024;
}

double bench_processor_s(pid_t pid)
{
	struct timespec had;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &had) != 0)
		bench_fail("process %d has ended", (int)pid);
	return (double)had.tv_sec + (double)had.tv_nsec / 1e9;
}

const char *bench_output(struct bench *b, const char *name)
{
	return text_of(log_of(b, name, "out"));
}

pid_t bench_pid(struct bench *b, const char *name)
{
	pid_t pid = (pid_t)strtol(text_of(bench_text("%s/pid/%s", b->run_dir, name)), NULL, 10);

	if (pid <= 0)
		bench_fail("%s does not run; see %s/log/%s.log", name, b->run_dir, name);
	return pid;
}

/* --- the stack ----------------------------------------------------------------------------- */

void bench_open(struct bench *b, bool quick, int repeat)
{
	*b = (struct bench){ .quick = quick,
			     .repeat = repeat,
			     .run_dir = needed("RUN_DIR"),
			     .build_dir = needed("BUILD_DIR"),
			     .order_port = needed("ORDER_PORT"),
			     .delivery_port = needed("DELIVERY_PORT") };
	b->out = fopen(bench_text("%s/measured.tsv", b->run_dir), "we");
	if (!b->out)
		bench_fail("%s cannot be written", b->run_dir);
	(void)bench_run(b, "stack", NULL, LIST("stack/stack.sh", "servers"));
	b->db = PQconnectdb(needed("STACK_URL"));
	(void)bench_sql(b, "alter system set max_connections = " CONNECTIONS);
	PQfinish(b->db);
	(void)bench_run(b, "stack", NULL, LIST("sql/cluster.sh", "restart"));
	b->db = PQconnectdb(needed("STACK_URL"));
}

void bench_close(struct bench *b)
{
	PQfinish(b->db);
	(void)fclose(b->out);
}

void bench_stop_services(struct bench *b)
{
	bench_start_deliveries(b, 0, NULL);
	bench_start_orders(b, 0, NULL);
}

void bench_fresh(struct bench *b, int partitions)
{
	bench_stop_services(b);
	(void)bench_sql_file(b, "empty.sql", NULL);
	b->topics++;
	bench_make_topic(b, bench_text("bench.%d", b->topics), partitions);
}

void bench_make_topic(struct bench *b, const char *name, int partitions)
{
	(void)bench_run(b, "topic", NULL,
			LIST("kafka/topics.sh", "create", name, bench_text("%d", partitions)));
	(void)setenv("KAFKA_TOPIC", name, 1);
	b->topic = getenv("KAFKA_TOPIC");
}

void bench_start_orders(struct bench *b, int count, const char *const *settings)
{
	(void)bench_run(b, "stack", settings,
			LIST("stack/stack.sh", "scale-orders", bench_text("%d", count)));
}

void bench_start_deliveries(struct bench *b, int count, const char *const *settings)
{
	(void)bench_run(b, "stack", settings,
			LIST("stack/stack.sh", "scale", bench_text("%d", count)));
}

static const char *program(struct bench *b, const char *name)
{
	return bench_text("%s/%s", b->build_dir, name);
}

void bench_feed(struct bench *b, int64_t orders, int64_t first_order)
{
	(void)bench_run(b, "feed",
			LIST(bench_text("ORDERS=%" PRId64, orders),
			     bench_text("FIRST_ORDER=%" PRId64, first_order), "BLOCK=1000",
			     "RATE=0"),
			LIST(program(b, "tests/bench-feed")));
}

struct bench_moment bench_await(struct bench *b, const char *port, const char *metric,
				int64_t value)
{
	struct bench_moment m = { 0 };
	const char *output = bench_run(
		b, "await",
		metric ? LIST(bench_text("PORT=%s", port), bench_text("METRIC=%s", metric),
			      bench_text("AT_LEAST=%" PRId64, value), "BASE=0", "TIMEOUT_S=300")
		       : LIST(bench_text("PORT=%s", port), "INTERVAL_US=500"),
		LIST(program(b, "tests/bench-await")));

	if (sscanf(output, "%" SCNd64 " %*d %" SCNd64 " %" SCNd64, &m.us, &m.first_us, &m.first) <
	    1)
		bench_fail("nothing was said of %s", metric ? metric : "readiness");
	return m;
}

double bench_metric(struct bench *b, const char *port, const char *metric)
{
	double value = 0;

	(void)bench_find(bench_run(b, "curl", NULL,
				   LIST("curl", "-s", "--noproxy", "*",
					bench_text("http://127.0.0.1:%s/metrics", port))),
			 bench_text("\n%s ", metric), &value);
	return value;
}

double bench_sql(struct bench *b, const char *fmt, ...)
{
	char statement[2048];
	double value = 0;
	PGresult *result;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(statement, sizeof(statement), fmt, args);
	va_end(args);
	result = PQexec(b->db, statement);
	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0)
		value = strtod(PQgetvalue(result, 0, 0), NULL);
	else if (PQresultStatus(result) != PGRES_COMMAND_OK)
		bench_fail("PostgreSQL refused: %s%s", statement, PQerrorMessage(b->db));
	PQclear(result);
	return value;
}

const char *bench_sql_file(struct bench *b, const char *name, const char *const *variables)
{
	const char *argv[ARGUMENTS] = { "psql",           "-X", "-q", "-A", "-t", "-F", " ", "-v",
					"ON_ERROR_STOP=1" };
	size_t count = 9;

	for (; variables && *variables && count + 6 < ARGUMENTS; variables++) {
		argv[count++] = "-v";
		argv[count++] = *variables;
	}
	argv[count++] = "-f";
	argv[count++] = bench_text("tests/bench/sql/%s", name);
	argv[count++] = "-d";
	argv[count++] = needed("STACK_URL");
	return bench_run(b, "psql", NULL, argv);
}

int64_t bench_first_received_us(struct bench *b)
{
	return (int64_t)bench_sql(b,
				  "select (extract(epoch from min(received_at)) * 1000000)::int8 "
				  "from delivery.history");
}

void bench_verify(struct bench *b, int64_t effects, const char *acks)
{
	const char *output = bench_run(b, "verify",
				       LIST(bench_text("DATABASE_URL=%s", needed("STACK_URL")),
					    "WAIT=120", bench_text("ACKS=%s", acks ? acks : "")),
				       LIST(program(b, "verify-history"), "--json"));
	json_t *report = json_loads(output, 0, NULL);
	int64_t found =
		json_integer_value(json_object_get(json_object_get(report, "counts"), "effects"));

	json_decref(report);
	if (found != effects)
		bench_fail("effects: %" PRId64 ", not %" PRId64, found, effects);
}
