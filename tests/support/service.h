/*
 * The services under test, as processes: started with an environment, found by the port in their
 * log, stopped and judged. A service that does not end with exit code 0 at a stop, or whose log
 * has a sanitizer's report or an ERROR line, fails the test.
 *
 * Threads: the test's own. The processes die with the test's process.
 */
#ifndef TESTS_SUPPORT_SERVICE_H
#define TESTS_SUPPORT_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct service {
	const char *name; /* order-1, delivery-2: also REPLICA */
	const char *log;  /* path */
	pid_t pid;        /* 0: ended */
	int port;
	bool killed; /* by the test itself */
	int unread;  /* the end of its full pipe to read; 0: none */
	struct service *other;
};

#define ORDER    "order-service"
#define DELIVERY "delivery-service"

/* Starts program with settings ("NAME=value", ended by NULL) over the test's own, and waits until
 * it listens; readiness is another thing. */
struct service *service_launch(const char *program, ...) __attribute__((sentinel));

/* Likewise, and waits until it is ready. */
struct service *service_start(const char *program, ...) __attribute__((sentinel));

/* Where its stdin, stdout and stderr go. */
enum service_streams {
	STREAMS_LOG,    /* its log */
	STREAMS_UNREAD, /* stdout and stderr to a full pipe that nobody reads until service_read */
	STREAMS_CLOSED  /* all three are closed */
};

/* Likewise, with its streams elsewhere. Its port is one that was free. */
struct service *service_start_with(enum service_streams streams, const char *program, ...)
	__attribute__((sentinel));

/* Reads what it writes to the full pipe into its log, until that has the text. */
void service_read(struct service *service, const char *text);

/* /readyz says yes. */
bool service_ready(const struct service *service);

/* Sends the signal (SIGTERM, SIGINT) and waits for the end: exit code 0 or the test fails.
 * Returns how long it took, in ms. */
int64_t service_stop(struct service *service, int sig);

/* Sends the signal and waits for the end, however that is; returns the status of waitpid. */
int service_end(struct service *service, int sig);

/* kill -9. */
void service_kill(struct service *service);

/* SIGSTOP, SIGCONT. */
void service_signal(const struct service *service, int sig);

/* The value of a sample of /metrics, by its name with labels; -1 without it. */
double service_metric(const struct service *service, const char *name);

/* True once it has that value, which may be two seconds from now: what a commit did can be seen
 * before it is counted. */
bool service_metric_reaches(const struct service *service, const char *name, double value);

/* What it has computed so far, in its own and the kernel's code. */
int64_t service_computed_ms(const struct service *service);

/* The same by a stat file of /proc: of a process, or one of its threads. */
int64_t proc_computed_ms(const char *path);

/* Every number from 0 to 1000 stands times in its output, on a line of its own. */
bool service_counted(const struct service *service, int times);

/* True once the log has the text: what was done is written a moment later. */
bool service_logs(const struct service *service, const char *text);

/* True if the log has the text now. */
bool service_logged(const struct service *service, const char *text);

/* How often the log has it. */
int service_log_count(const struct service *service, const char *text);

/* An order that is taken, whatever it holds. */
void service_place_order(const struct service *order);

/* Lets the services log ERROR in this test. */
void service_allow_errors(void);

/* In this test a part of a service may stand still for longer than it should: its server is away,
 * for as long as that takes on this machine. */
void service_allow_standstills(void);

/* Stops all that run, and judges every log. */
void service_finish_all(void);

/* After a failure: kills all that run and shows the last lines of their logs. */
void service_abandon_all(void);

#endif
