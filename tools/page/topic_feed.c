#include "tools/page/topic_feed.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka_tail.h"
#include "common/runtime/clock.h"

#define PERIOD_MS 100 /* a mail of messages at most so often */
#define MESSAGES  40  /* of a period; the rest is counted, but for ... */
#define BURST     400 /* ... so many after a time in which fewer came */
#define TEXT_MAX  200

struct topic_feed {
	struct kafka_tail *tail;
	struct mailbox *box;
	json_t *messages; /* of the next mail */
	int64_t more, next_mail_mono_ms;
	int64_t room;         /* messages that may still be told, not counted */
	int32_t partitions;   /* as the last mail told */
	int64_t read_mono_ms; /* likewise */
	bool up, news;
	pthread_t thread;
	bool started;
};

/* --- a message ----------------------------------------------------------------------------- */

static json_t *text_of(const void *text, size_t len)
{
	json_t *json = text ? json_stringn(text, len < TEXT_MAX ? len : TEXT_MAX) : NULL;

	return json ? json : json_null(); /* it need not be UTF-8 */
}

/* The event's own fields, as they stand in the payload. */
static void add_fields(json_t *to, const struct message *m)
{
	json_t *event = m->payload ? json_loadb(m->payload, m->payload_len, 0, NULL) : NULL;
	json_t *order = json_object_get(event, "orderId");

	(void)json_object_set(to, "order", order ? order : json_object_get(event, "id"));
	(void)json_object_set(to, "version", json_object_get(event, "version"));
	json_decref(event);
}

static json_t *to_json(const struct message *m)
{
	const char *type;
	size_t len;
	json_t *json = json_pack("{s:i, s:I, s:I, s:o}", "partition", (int)m->at.partition,
				 "offset", (json_int_t)m->at.offset, "time",
				 (json_int_t)m->timestamp_ms, "key", text_of(m->key, m->key_len));

	if (json && message_header_text(m, "type", &type, &len))
		(void)json_object_set_new(json, "type", text_of(type, len));
	if (json)
		add_fields(json, m);
	return json;
}

static void take(struct topic_feed *f, const struct message *m)
{
	f->news = true;
	if (f->room == 0) {
		f->more++;
		return;
	}
	f->room--;
	(void)json_array_append_new(f->messages, to_json(m));
}

/* --- the thread ---------------------------------------------------------------------------- */

static void send_mail(struct topic_feed *f)
{
	json_t *partitions = json_array();

	for (int32_t p = 0; p < f->partitions; p++)
		(void)json_array_append_new(partitions,
					    json_pack("{s:i, s:I}", "partition", (int)p, "end",
						      (json_int_t)kafka_tail_end(f->tail, p)));
	(void)mailbox_put(f->box, MAIL_MESSAGES,
			  json_pack("{s:b, s:I, s:o, s:o, s:I}", "up", (int)f->up, "read",
				    (json_int_t)f->read_mono_ms, "partitions", partitions,
				    "messages", f->messages, "more", (json_int_t)f->more));
	f->messages = json_array();
	f->more = 0;
	f->news = false;
}

static void look(struct topic_feed *f)
{
	bool up = kafka_tail_up(f->tail);
	int32_t partitions = kafka_tail_partitions(f->tail);
	int64_t read_mono_ms = kafka_tail_asked_mono_ms(f->tail);

	f->news |= up != f->up || partitions != f->partitions || read_mono_ms != f->read_mono_ms;
	f->up = up;
	f->read_mono_ms = read_mono_ms;
	f->partitions = partitions;
}

/* It is time for a mail: there is room again, for each period that went by. */
static void end_period(struct topic_feed *f, int64_t now_mono_ms)
{
	int64_t periods = 1 + (now_mono_ms - f->next_mail_mono_ms) / PERIOD_MS;

	send_mail(f);
	f->room = periods < BURST ? f->room + periods * MESSAGES : BURST;
	if (f->room > BURST)
		f->room = BURST;
	f->next_mail_mono_ms = now_mono_ms + PERIOD_MS;
}

static void step(struct topic_feed *f)
{
	const struct message *m = kafka_tail_next(f->tail, PERIOD_MS / 2);
	int64_t now_mono_ms = clock_mono_ms();

	if (m)
		take(f, m);
	look(f);
	if (f->news && now_mono_ms >= f->next_mail_mono_ms)
		end_period(f, now_mono_ms);
}

static void *thread_main(void *arg)
{
	struct topic_feed *f = arg;

	while (mailbox_pause(f->box, 0))
		step(f);
	return NULL;
}

/* --- open and close ------------------------------------------------------------------------ */

enum status topic_feed_open(struct topic_feed **out, const struct kafka_settings *settings,
			    struct mailbox *box, struct error *err)
{
	struct topic_feed *f = calloc(1, sizeof(*f));

	if (!f)
		return error_set(err, ST_INTERNAL, "out of memory");
	f->box = box;
	f->messages = json_array();
	f->room = BURST;
	if (kafka_tail_open(&f->tail, settings, TOPIC_FEED_TAIL, err) == ST_OK) {
		f->started = pthread_create(&f->thread, NULL, thread_main, f) == 0;
		if (!f->started)
			(void)error_set(err, ST_INTERNAL, "cannot start a thread");
	}
	if (!f->started) {
		topic_feed_close(f);
		return err->status;
	}
	*out = f;
	return ST_OK;
}

void topic_feed_close(struct topic_feed *f)
{
	if (!f)
		return;
	if (f->started)
		(void)pthread_join(f->thread, NULL);
	kafka_tail_close(f->tail);
	json_decref(f->messages);
	free(f);
}
