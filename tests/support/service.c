#include "tests/support/service.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/ports.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

#define LISTEN_MS    60000
#define READY_MS     60000
#define LOG_MS       60000
#define READ_MS      60000
#define STOP_MAX_MS  60000 /* the judged time is the test's business; this only ends the wait */
#define SETTINGS_MAX 16

static struct service *services; /* newest first */
static int numbers[2];           /* of order and delivery services so far */
static bool errors_allowed;
static bool standstills_allowed; /* likewise */

/* --- logs ---------------------------------------------------------------------------------- */

static const char *read_log(const struct service *service)
{
	FILE *file = fopen(service->log, "re");
	char *text = NULL;
	size_t len = 0;
	FILE *memory;
	int c;

	if (!file)
		return "";
	memory = open_memstream(&text, &len);
	while ((c = fgetc(file)) != EOF)
		(void)fputc(c, memory);
	(void)fclose(memory);
	(void)fclose(file);
	const char *copy = arena_copy(text, len);

	free(text);
	return copy;
}

bool service_logged(const struct service *service, const char *text)
{
	return strstr(read_log(service), text) != NULL;
}

bool service_logs(const struct service *service, const char *text)
{
	return wait_until(LOG_MS, service_logged(service, text));
}

int service_log_count(const struct service *service, const char *text)
{
	int count = 0;

	for (const char *at = read_log(service); (at = strstr(at, text)); at++)
		count++;
	return count;
}

static void show_log(const struct service *service)
{
	const char *text = read_log(service);
	size_t len = strlen(text);

	(void)fprintf(stderr, "--- last lines of %s\n%s", service->log,
		      len > 3000 ? text + len - 3000 : text);
}

static int count_errors(const struct service *service)
{
	int standstills =
		service_log_count(service, "Z ERROR order msg=\"a part stands still\"") +
		service_log_count(service, "Z ERROR delivery msg=\"a part stands still\"");

	return service_log_count(service, "Z ERROR ") - (standstills_allowed ? standstills : 0);
}

static void judge_log(const struct service *service)
{
	static const char *const reports[] = { "AddressSanitizer", "LeakSanitizer",
					       "runtime error:", "UndefinedBehaviorSanitizer" };

	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
		cr_assert(!service_logged(service, reports[i]), "%s: %s reported, see %s",
			  service->name, reports[i], service->log);
	cr_assert(errors_allowed || count_errors(service) == 0, "%s logged an ERROR, see %s",
		  service->name, service->log);
}

void service_allow_standstills(void)
{
	standstills_allowed = true;
}

void service_allow_errors(void)
{
	errors_allowed = true;
}

/* --- starting ------------------------------------------------------------------------------ */

static void set(const char *pair)
{
	(void)putenv((char *)pair); /* in the child, which execs next */
}

/* A pipe that is full; its end to read is the service's. Returns the end to write. */
static int full_pipe(struct service *service)
{
	char page[4096] = "";
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	memset(page, '\n', sizeof(page));
	while (write(ends[1], page, sizeof(page)) > 0)
		;
	(void)fcntl(ends[1], F_SETFL, 0);
	service->unread = ends[0];
	return ends[1];
}

/* Runs in the child. */
static void set_streams(enum service_streams streams, int fd)
{
	if (streams == STREAMS_CLOSED) {
		(void)close_range(STDIN_FILENO, STDERR_FILENO, 0);
	} else if (fd >= 0) {
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
	}
}

/* Runs in the child. */
static void exec_service(const struct service *service, const char *program,
			 const char *const *settings)
{
	const char *role = strcmp(program, ORDER) == 0 ? "order_service" : "delivery_service";

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	set(arena_format("KAFKA_BOOTSTRAP_SERVERS=%s", stack_kafka()));
	set(arena_format("KAFKA_TOPIC=%s", fixture.topic));
	set(arena_format("KAFKA_GROUP=%s", fixture.group));
	set(arena_format("DATABASE_URL=%s", stack_database_url(role, fixture.database)));
	set(arena_format("REPLICA=%s", service->name));
	set("HTTP_PORT=0");
	set("HTTP_HOST=127.0.0.1");
	set("DELIVERY_DELAY_MS=0");
	for (; *settings; settings++)
		set(*settings);
	program = arena_format("%s/%s", stack_build_dir(), program);
	(void)execl(program, program, (char *)NULL);
	(void)fprintf(stderr, "cannot run %s\n", program);
	_exit(127);
}

/* True if it has ended; then the test fails. */
static void check_runs(struct service *service)
{
	int status = 0;

	if (waitpid(service->pid, &status, WNOHANG) != service->pid)
		return;
	service->pid = 0;
	cr_assert_fail("%s ended by itself with status 0x%x", service->name, (unsigned)status);
}

static bool find_port(struct service *service)
{
	const char *line, *port;

	check_runs(service);
	if (service->port > 0)
		return http_call(service->port, "GET", "/healthz", NULL, NULL).status == 200;
	line = strstr(read_log(service), "msg=\"listening\"");
	port = line ? strstr(line, " port=") : NULL;
	return port && sscanf(port, " port=%d", &service->port) == 1 && strchr(port, '\n');
}

static void fork_service(struct service *service, enum service_streams streams, const char *program,
			 const char *const *settings)
{
	int fd = streams == STREAMS_UNREAD
			 ? full_pipe(service)
			 : open(service->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	service->pid = fork();
	if (service->pid == 0) {
		set_streams(streams, fd);
		exec_service(service, program, settings);
	}
	cr_assert_gt(service->pid, 0);
	(void)close(fd);
}

static struct service *launch(enum service_streams streams, const char *program, va_list ap)
{
	const char *settings[SETTINGS_MAX + 1] = { NULL };
	struct service *service = arena_alloc(sizeof(*service));
	const char *short_name = strcmp(program, ORDER) == 0 ? "order" : "delivery";
	size_t n = 0;

	for (const char *pair; n < SETTINGS_MAX && (pair = va_arg(ap, const char *));)
		settings[n++] = pair;
	if (streams != STREAMS_LOG) {
		service->port = ports_free(1);
		settings[n] = arena_format("HTTP_PORT=%d", service->port);
	}
	service->name = arena_format("%s-%d", short_name, ++numbers[*short_name == 'd']);
	service->log =
		arena_format("%s/log/%s-%s.log", stack_run_dir(), fixture.name, service->name);
	service->other = services;
	services = service;
	fork_service(service, streams, program, settings);
	cr_assert(wait_until(LISTEN_MS, find_port(service)), "%s does not listen", service->name);
	return service;
}

struct service *service_launch(const char *program, ...)
{
	struct service *service;
	va_list ap;

	va_start(ap, program);
	service = launch(STREAMS_LOG, program, ap);
	va_end(ap);
	return service;
}

struct service *service_start(const char *program, ...)
{
	struct service *service;
	va_list ap;

	va_start(ap, program);
	service = launch(STREAMS_LOG, program, ap);
	va_end(ap);
	cr_assert(wait_until(READY_MS, service_ready(service)), "%s is not ready", service->name);
	return service;
}

struct service *service_start_with(enum service_streams streams, const char *program, ...)
{
	struct service *service;
	va_list ap;

	va_start(ap, program);
	service = launch(streams, program, ap);
	va_end(ap);
	cr_assert(wait_until(READY_MS, service_ready(service)), "%s is not ready", service->name);
	return service;
}

static bool read_on(struct service *service, const char *text)
{
	FILE *file = fopen(service->log, "ae");
	char bytes[65536];
	ssize_t len;

	cr_assert_not_null(file);
	while ((len = read(service->unread, bytes, sizeof(bytes))) > 0)
		cr_assert_eq(fwrite(bytes, 1, (size_t)len, file), (size_t)len);
	(void)fclose(file);
	return service_logged(service, text);
}

void service_read(struct service *service, const char *text)
{
	cr_assert(wait_until(READ_MS, read_on(service, text)), "%s does not log '%s', see %s",
		  service->name, text, service->log);
}

bool service_ready(const struct service *service)
{
	return http_call(service->port, "GET", "/readyz", NULL, NULL).status == 200;
}

double service_metric(const struct service *service, const char *name)
{
	struct http_answer answer = http_call(service->port, "GET", "/metrics", NULL, NULL);
	const char *line = strstr(answer.body, arena_format("\n%s ", name));

	return line ? strtod(line + strlen(name) + 2, NULL) : -1;
}

bool service_metric_reaches(const struct service *service, const char *name, double value)
{
	return wait_until(2000, service_metric(service, name) == value);
}

/* --- ending -------------------------------------------------------------------------------- */

static bool reap(struct service *service, int *status)
{
	if (waitpid(service->pid, status, WNOHANG) != service->pid)
		return false;
	service->pid = 0;
	return true;
}

int service_end(struct service *service, int sig)
{
	int status = 0;

	cr_assert_gt(service->pid, 0, "%s has ended before", service->name);
	(void)kill(service->pid, sig);
	cr_assert(wait_until(STOP_MAX_MS, reap(service, &status)), "%s does not stop",
		  service->name);
	return status;
}

int64_t service_stop(struct service *service, int sig)
{
	int64_t started = mono_ms();
	int status = service_end(service, sig);

	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		  "%s ended with status 0x%x at signal %d, see %s", service->name, (unsigned)status,
		  sig, service->log);
	return mono_ms() - started;
}

void service_kill(struct service *service)
{
	int status;

	service->killed = true;
	if (service->pid <= 0)
		return;
	(void)kill(service->pid, SIGKILL);
	(void)waitpid(service->pid, &status, 0);
	service->pid = 0;
}

void service_signal(const struct service *service, int sig)
{
	cr_assert_eq(kill(service->pid, sig), 0);
}

void service_finish_all(void)
{
	for (struct service *s = services; s; s = s->other) {
		if (s->pid > 0)
			(void)service_stop(s, SIGTERM);
	}
	for (struct service *s = services; s; s = s->other)
		judge_log(s);
}

void service_abandon_all(void)
{
	for (struct service *s = services; s; s = s->other) {
		service_kill(s);
		show_log(s);
	}
}

void service_place_order(const struct service *order)
{
	struct http_answer answer =
		http_call(order->port, "POST", "/orders",
			  "{\"customerId\":1,\"productId\":\"1\",\"productName\":\"TV\",\"qty\":3,"
			  "\"address\":\"SEOUL\"}",
			  NULL);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
}
