/*
 * What the logs of a run's services say.
 *
 * Threads: main only.
 */
#ifndef TESTS_FAULTS_SERVICE_LOGS_H
#define TESTS_FAULTS_SERVICE_LOGS_H

#include <stdint.h>

#define SERVICE_LOGS_LINE_SIZE 400

struct service_logs {
	int64_t errors; /* lines that somebody would have to act on, and sanitizers' reports */
	char first_error[SERVICE_LOGS_LINE_SIZE]; /* "" without one */
	int64_t losses;                           /* said of the database, not among the errors */
	int64_t assigned;                         /* partitions assigned */
	int64_t fenced;                           /* writes */
};

/* Reads the logs of all order-services and delivery-services below the folder. */
struct service_logs service_logs_read(const char *run_dir);

#endif
