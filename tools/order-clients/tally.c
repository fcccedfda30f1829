#include "tools/order-clients/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/clock.h"

struct tally {
	int acks_fd;
	FILE *log; /* borrowed */
	pthread_mutex_t mu;
	struct tally_counts counts; /* guarded by mu */
	int64_t last_ack_mono_ms;   /* guarded by mu */
};

enum status tally_open(struct tally **out, const char *path, FILE *log, struct error *err)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	if (!tally)
		return error_set(err, ST_INTERNAL, "out of memory");
	tally->log = log;
	tally->acks_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (tally->acks_fd < 0) {
		free(tally);
		return error_set(err, ST_INVALID, "%s cannot be written: %s", path,
				 strerror(errno));
	}
	(void)pthread_mutex_init(&tally->mu, NULL);
	tally->last_ack_mono_ms = clock_mono_ms();
	*out = tally;
	return ST_OK;
}

void tally_close(struct tally *tally)
{
	if (!tally)
		return;
	(void)close(tally->acks_fd);
	(void)pthread_mutex_destroy(&tally->mu);
	free(tally);
}

void tally_acknowledged(struct tally *tally, const char *method, int64_t order_id, int32_t version)
{
	int64_t now = clock_mono_ms(), pause;
	char line[96];
	int len = snprintf(line, sizeof(line), "%" PRId64 " %s %" PRId64 " %" PRId32 "\n",
			   clock_wall_ms(), method, order_id, version);

	if (write(tally->acks_fd, line, (size_t)len) != len)
		tally_violation(tally, "the file of acknowledgements cannot be written: %s",
				strerror(errno));
	(void)pthread_mutex_lock(&tally->mu);
	pause = now - tally->last_ack_mono_ms;
	tally->counts.acknowledged++;
	tally->last_ack_mono_ms = now;
	if (pause > tally->counts.longest_pause_ms)
		tally->counts.longest_pause_ms = pause;
	(void)pthread_mutex_unlock(&tally->mu);
}

void tally_read(struct tally *tally)
{
	(void)pthread_mutex_lock(&tally->mu);
	tally->counts.reads++;
	(void)pthread_mutex_unlock(&tally->mu);
}

void tally_retry(struct tally *tally)
{
	(void)pthread_mutex_lock(&tally->mu);
	tally->counts.retries++;
	(void)pthread_mutex_unlock(&tally->mu);
}

void tally_failure(struct tally *tally, int status)
{
	(void)pthread_mutex_lock(&tally->mu);
	if (status)
		tally->counts.refused++;
	else
		tally->counts.unanswered++;
	(void)pthread_mutex_unlock(&tally->mu);
}

void tally_violation(struct tally *tally, const char *fmt, ...)
{
	char now[CLOCK_TEXT_SIZE], text[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	clock_format_utc(clock_wall_ms(), now);
	(void)fprintf(tally->log, "violation %s %s\n", now, text);
	(void)fflush(tally->log);
	(void)pthread_mutex_lock(&tally->mu);
	if (tally->counts.violations++ == 0)
		(void)snprintf(tally->counts.first_violation, sizeof(tally->counts.first_violation),
			       "%s", text);
	(void)pthread_mutex_unlock(&tally->mu);
}

struct tally_counts tally_counts(struct tally *tally)
{
	struct tally_counts counts;

	(void)pthread_mutex_lock(&tally->mu);
	counts = tally->counts;
	(void)pthread_mutex_unlock(&tally->mu);
	return counts;
}
