#include "common/runtime/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/runtime/clock.h"

#define BUFFER_BYTES (256 * 1024)
#define RETRY_MS     1000 /* after an error, until it is tried again whether lines are taken */
#define POLL_MAX_MS  1000 /* a descriptor that somebody else made non-blocking is asked again */

/* DIRECT until it is started, ENDED when its thread has nothing more to write. */
enum state { DIRECT, RUNNING, STOPPING, ENDED };

struct output {
	const int fd;
	output_tell *tell;
	bool torn; /* the thread's: the last thing written was a part of a line */
	pthread_mutex_t mu;
	pthread_cond_t more, ended;
	/* guarded by mu */
	enum state state;
	char lines[BUFFER_BYTES]; /* a ring of whole lines: len bytes from first */
	size_t first, len;
	bool gap;     /* lines are dropped until the buffer is empty and that was told */
	int64_t told; /* of the dropped ones */
	_Atomic int64_t dropped;
};

#define OUTPUT_ON(descriptor)                                                                      \
	{                                                                                          \
		.fd = (descriptor), .mu = PTHREAD_MUTEX_INITIALIZER,                               \
		.more = PTHREAD_COND_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER                \
	}

static struct output outputs[OUTPUT_STREAM_COUNT] = { OUTPUT_ON(STDOUT_FILENO),
						      OUTPUT_ON(STDERR_FILENO) };

/* --- the descriptor ------------------------------------------------------------------------ */

/* Writes all of it, however long that takes. False: the descriptor refuses. */
static bool write_all(struct output *o, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(o->fd, text + done, len - done);

		if (n > 0) {
			done += (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			struct pollfd fd = { .fd = o->fd, .events = POLLOUT };

			(void)poll(&fd, 1, POLL_MAX_MS);
		} else if (n == 0 || errno != EINTR) {
			break;
		}
	}
	if (done > 0)
		o->torn = text[done - 1] != '\n';
	return done == len;
}

static int64_t count_lines(const char *text, size_t len)
{
	int64_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == '\n';
	return count;
}

/* --- the buffer; with mu held -------------------------------------------------------------- */

static void put(struct output *o, const char *line, size_t len)
{
	size_t at = (o->first + o->len) % BUFFER_BYTES;
	size_t before_end = BUFFER_BYTES - at < len ? BUFFER_BYTES - at : len;

	memcpy(o->lines + at, line, before_end);
	memcpy(o->lines, line + before_end, len - before_end);
	o->len += len;
}

/* Moves the oldest lines to batch, as many as fit; returns their length. */
static size_t take(struct output *o, char batch[PIPE_BUF])
{
	size_t len = o->len < PIPE_BUF ? o->len : PIPE_BUF;
	size_t before_end = BUFFER_BYTES - o->first < len ? BUFFER_BYTES - o->first : len;

	memcpy(batch, o->lines + o->first, before_end);
	memcpy(batch + before_end, o->lines, len - before_end);
	while (len > 0 && batch[len - 1] != '\n')
		len--;
	o->len -= len;
	o->first = o->len == 0 ? 0 : (o->first + len) % BUFFER_BYTES;
	return len;
}

/* --- the thread ---------------------------------------------------------------------------- */

static bool write_unlocked(struct output *o, const char *text, size_t len)
{
	bool ok;

	(void)pthread_mutex_unlock(&o->mu);
	ok = write_all(o, text, len);
	(void)pthread_mutex_lock(&o->mu);
	return ok;
}

static void write_batch(struct output *o)
{
	char batch[PIPE_BUF];
	size_t len = take(o, batch);

	if (write_unlocked(o, batch, len))
		return;
	atomic_fetch_add(&o->dropped, count_lines(batch, len));
	o->gap = true;
}

/* Everything from before the gap is written: tells how long it is, and ends it. False: that was
 * refused, too. */
static bool end_gap(struct output *o)
{
	char line[OUTPUT_LINE_MAX] = "\n"; /* ends the part of a line that was written */
	int64_t dropped = atomic_load(&o->dropped);
	size_t start = o->torn ? 1 : 0, len = start;

	if (o->tell)
		len += o->tell(dropped - o->told, line + start, sizeof(line) - start);
	if (!write_unlocked(o, line, len))
		return false;
	o->told = dropped;
	/* Some were dropped while that was written: they are another gap. */
	o->gap = atomic_load(&o->dropped) > dropped;
	return true;
}

static void await_retry(struct output *o)
{
	struct timespec until = clock_after_ms(RETRY_MS);

	while (o->state == RUNNING &&
	       pthread_cond_clockwait(&o->more, &o->mu, CLOCK_MONOTONIC, &until) == 0)
		;
}

static void *thread_main(void *arg)
{
	struct output *o = arg;

	(void)pthread_mutex_lock(&o->mu);
	while (o->state == RUNNING || o->len > 0) {
		if (o->len > 0)
			write_batch(o);
		else if (!o->gap)
			(void)pthread_cond_wait(&o->more, &o->mu);
		else if (!end_gap(o))
			await_retry(o);
	}
	if (o->gap)
		(void)end_gap(o);
	o->state = ENDED;
	(void)pthread_cond_broadcast(&o->ended);
	(void)pthread_mutex_unlock(&o->mu);
	return NULL;
}

/* --- the interface ------------------------------------------------------------------------- */

void output_start(enum output_stream stream, output_tell *tell)
{
	struct output *o = &outputs[stream];
	sigset_t all, before;
	pthread_t thread;

	o->tell = tell;
	o->state = RUNNING;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, thread_main, o) == 0)
		(void)pthread_detach(thread);
	else
		o->state = DIRECT;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Of anything else the thread would wait for its end. */
static bool is_line(const char *line, size_t len)
{
	return len > 0 && len <= OUTPUT_LINE_MAX && line[len - 1] == '\n';
}

/* With mu held. */
static bool take_over(struct output *o, const char *line, size_t len)
{
	if (o->state == DIRECT)
		return write_all(o, line, len);
	if (o->state != RUNNING || o->gap || len > BUFFER_BYTES - o->len || !is_line(line, len))
		return false;
	put(o, line, len);
	(void)pthread_cond_signal(&o->more);
	return true;
}

bool output_line(enum output_stream stream, const char *line, size_t len)
{
	struct output *o = &outputs[stream];
	int saved_errno = errno;
	bool taken;

	(void)pthread_mutex_lock(&o->mu);
	taken = take_over(o, line, len);
	if (!taken) {
		atomic_fetch_add(&o->dropped, 1);
		o->gap = true;
	}
	(void)pthread_mutex_unlock(&o->mu);
	errno = saved_errno;
	return taken;
}

int64_t output_dropped(enum output_stream stream)
{
	return atomic_load(&outputs[stream].dropped);
}

static void stop(struct output *o, const struct timespec *until)
{
	(void)pthread_mutex_lock(&o->mu);
	if (o->state == RUNNING)
		o->state = STOPPING;
	(void)pthread_cond_signal(&o->more);
	while (o->state == STOPPING &&
	       pthread_cond_clockwait(&o->ended, &o->mu, CLOCK_MONOTONIC, until) == 0)
		;
	(void)pthread_mutex_unlock(&o->mu);
}

void output_stop(int64_t timeout_ms)
{
	struct timespec until = clock_after_ms(timeout_ms);

	for (int i = 0; i < OUTPUT_STREAM_COUNT; i++)
		stop(&outputs[i], &until);
}
