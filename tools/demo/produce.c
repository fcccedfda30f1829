#include "tools/demo/produce.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/kafka/kafka_sender.h"
#include "tools/demo/event_line.h"
#include "tools/demo/number.h"
#include "tools/demo/typed_line.h"

#define LINE_MAX_BYTES (1024 * 1024)
#define POLL_MS        200

struct producer {
	const struct produce_config *config;
	struct screen *screen;
	struct kafka_sender *sender;
	int32_t partitions;
	int64_t sent, refused, lines;
};

/* --- the input ----------------------------------------------------------------------------- */

/* A line may come in pieces, and several at once. */
struct input {
	char *text;
	size_t len, next; /* the bytes that are there; where the next line begins */
	bool ended;
	bool too_long; /* the line that begins at next began before it: what came is gone */
};

static void fill(struct input *in)
{
	struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n;

	memmove(in->text, in->text + in->next, in->len - in->next);
	in->len -= in->next;
	in->next = 0;
	if (poll(&ready, 1, POLL_MS) <= 0)
		return;
	n = read(STDIN_FILENO, in->text + in->len, LINE_MAX_BYTES - in->len);
	if (n > 0)
		in->len += (size_t)n;
	else
		in->ended = n == 0 || errno != EINTR;
}

/* The next line, without its end; NULL: there is none any more. Of one that is too long, *fits is
 * false, and what is left of it. */
static const char *next_line(struct input *in, const atomic_bool *stopped, size_t *len, bool *fits)
{
	while (!atomic_load(stopped)) {
		const char *begin = in->text + in->next, *end;
		const size_t there = in->len - in->next;

		end = memchr(begin, '\n', there);
		if (!end && in->ended && (there > 0 || in->too_long))
			end = begin + there;
		if (end) {
			*len = (size_t)(end - begin);
			in->next += *len < there ? *len + 1 : *len;
			*fits = !in->too_long;
			in->too_long = false;
			return begin;
		}
		if (in->ended)
			return NULL;
		if (there == LINE_MAX_BYTES) {
			in->too_long = true;
			in->next = in->len;
		}
		fill(in);
	}
	return NULL;
}

/* --- the topic ----------------------------------------------------------------------------- */

static enum status look_at_topic(struct producer *p, struct error *err)
{
	const char *topic = p->config->kafka.topic;
	enum status st = kafka_sender_partitions(p->sender, topic, &p->partitions, err);

	if (st == ST_NOT_FOUND)
		return error_set(err, st, "there is no topic %s: kafka/topics.sh create %s 1",
				 topic, topic);
	if (st == ST_OK && p->config->partition >= p->partitions)
		return error_set(err, ST_NOT_FOUND, "PARTITION=%d: %s has partitions 0 to %d",
				 (int)p->config->partition, topic, p->partitions - 1);
	return st;
}

static enum status send_line(struct producer *p, const struct typed_line *line, struct error *err)
{
	struct message message = {
		.at.partition = (int32_t)p->config->partition,
		.key = line->key,
		.key_len = line->key_len,
		.payload = line->value,
		.payload_len = line->value_len,
		.headers = line->headers,
		.header_count = line->header_count,
	};
	struct seen_event event;

	if (kafka_sender_send(p->sender, p->config->kafka.topic, &message, err) != ST_OK)
		return err->status;
	seen_event_read(&event, &message);
	event_line_show(p->screen, &event);
	return ST_OK;
}

static void take_line(struct producer *p, const char *text, size_t len, bool fits)
{
	struct error err = { 0 };
	struct typed_line line;
	char *given = strdup(p->config->headers);
	enum status st = ST_OK;

	if (!given)
		st = error_set(&err, ST_INTERNAL, "out of memory");
	else if (!fits)
		st = error_set(&err, ST_INVALID, "a line has at most %d bytes", LINE_MAX_BYTES - 1);
	else
		st = typed_line_read(&line, text, len, p->config->key, p->config->raw, &err);
	if (st == ST_OK)
		st = typed_line_headers(&line, given, &err);
	if (st == ST_OK)
		st = send_line(p, &line, &err);
	if (st != ST_OK)
		screen_say(p->screen, STYLE_BAD, "produce.refused", "line", NUMBER(p->lines), "why",
			   err.msg, NULL);
	p->sent += st == ST_OK;
	p->refused += st != ST_OK;
	free(given);
}

static void take_all(struct producer *p, struct input *in, const atomic_bool *stopped)
{
	const char *text;
	bool fits;
	size_t len;

	if (isatty(STDIN_FILENO))
		screen_say(p->screen, STYLE_PLAIN, "produce.title", "topic", p->config->kafka.topic,
			   "n", NUMBER(p->partitions), NULL);
	while ((text = next_line(in, stopped, &len, &fits))) {
		p->lines++;
		if (len > 0 || !fits)
			take_line(p, text, len, fits);
	}
	screen_say(p->screen, STYLE_PLAIN, "produce.count", "n", NUMBER(p->sent), NULL);
}

enum status produce_lines(struct screen *screen, const struct produce_config *config,
			  const atomic_bool *stopped, bool *good, struct error *err)
{
	struct producer p = { .config = config, .screen = screen };
	struct input in = { .text = malloc(LINE_MAX_BYTES) };
	enum status st = in.text ? kafka_sender_open(&p.sender, &config->kafka, err)
				 : error_set(err, ST_INTERNAL, "out of memory");

	if (st == ST_OK)
		st = look_at_topic(&p, err);
	if (st == ST_OK)
		take_all(&p, &in, stopped);
	*good = st == ST_OK && p.refused == 0;
	kafka_sender_close(p.sender);
	free(in.text);
	return st;
}
