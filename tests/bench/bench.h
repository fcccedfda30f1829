/*
 * What the cases of the benchmarks stand on: programs that are run, the stack, SQL, and the
 * figures. Invariant: what cannot be measured ends the run with a line that says why (bench_fail);
 * a figure that is noted was measured. stack/temporary_stack.sh runs the program, and stops what it
 * leaves.
 *
 * Threads: one.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "tests/bench/measured.h"

struct bench {
	bool quick;
	int repeat;
	const char *run_dir, *build_dir, *topic; /* topic: of stack_fresh */
	const char *order_port, *delivery_port;
	PGconn *db;               /* the owner's */
	FILE *out;                /* what was measured, of cases that have ended */
	int topics;               /* made so far */
	struct measured measured; /* of the case that runs */
};

/* A list of texts for the functions below, ended by NULL. */
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

void bench_open(struct bench *b, bool quick, int repeat);
void bench_close(struct bench *b);

/* Says why there is no measurement, and ends the run. */
_Noreturn void bench_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A formatted text; it stays until 32 more were made. */
const char *bench_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --- figures --- */

/* What a repetition has measured: a line for the reader and one for figures.jq. subject: "-" or
 * what the case was measured with. */
void bench_measured(struct bench *b, const char *which_case, const char *subject,
		    const char *figure, double value);

/* The same of what a target is a ratio to: a case whose references move is run again. */
void bench_reference(struct bench *b, const char *which_case, const char *subject,
		     const char *figure, double value);

/* Runs the case until its references are steady, three times at most, and keeps the last; says so,
 * and notes the spread as "unsteady", if they never were. */
void bench_case(struct bench *b, const char *which_case, void (*run)(struct bench *b));

double bench_per_second(int64_t count, int64_t us);
int64_t bench_wall_us(void);

/* The number behind the last prefix in the text; false: there is none. */
bool bench_find(const char *text, const char *prefix, double *out);

/* --- programs: their own output goes to RUN_DIR/log/<name>.log --- */

/* Starts argv with the settings ("NAME=value") over the environment; it dies with this process. */
pid_t bench_spawn(struct bench *b, const char *name, const char *const *settings,
		  const char *const *argv);

/* Waits for it; fails if it did not end with 0. */
void bench_wait(struct bench *b, const char *name, pid_t pid);

/* Both; returns what it printed, which stays until the next call. */
const char *bench_run(struct bench *b, const char *name, const char *const *settings,
		      const char *const *argv);

/* VmRSS or VmHWM of the process, in MB. */
double bench_memory_mb(struct bench *b, pid_t pid, const char *field);

/* The processor time that the process has had. */
double bench_processor_s(pid_t pid);

/* What the program of bench_spawn has printed so far; it stays until the next call. */
const char *bench_output(struct bench *b, const char *name);

/* The process of the stack with that name. */
pid_t bench_pid(struct bench *b, const char *name);

/* --- the stack --- */

/* No service, empty tables, a new topic with so many partitions. */
void bench_fresh(struct bench *b, int partitions);
void bench_stop_services(struct bench *b);
void bench_make_topic(struct bench *b, const char *name, int partitions);
void bench_start_orders(struct bench *b, int count, const char *const *settings);
void bench_start_deliveries(struct bench *b, int count, const char *const *settings);

/* Three events of each order are on the topic. */
void bench_feed(struct bench *b, int64_t orders, int64_t first_order);

struct bench_moment {
	int64_t us;       /* wall clock when the sample had reached the value */
	int64_t first_us; /* when it was first seen to count, and what it had then */
	int64_t first;
};

/* Waits until the service's sample has the value; metric NULL: until it is ready. */
struct bench_moment bench_await(struct bench *b, const char *port, const char *metric,
				int64_t value);

/* A service's sample, now. */
double bench_metric(struct bench *b, const char *port, const char *metric);

/* The first row's first column, as a number. */
double bench_sql(struct bench *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Runs a script of tests/bench/sql by psql with variables ("name=value"); returns what it printed.
 */
const char *bench_sql_file(struct bench *b, const char *name, const char *const *variables);

/* When the first event with an effect came to a delivery-service. */
int64_t bench_first_received_us(struct bench *b);

/* The history checker finds nothing wrong, and so many effects: a wrong answer is not fast.
 * acks: NULL or the file of what clients were promised. */
void bench_verify(struct bench *b, int64_t effects, const char *acks);

#endif
