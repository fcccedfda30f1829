#include "tools/demo/topic_view.h"

#include <inttypes.h>

#include "common/kafka/kafka_tail.h"
#include "common/kafka/kafka_topic.h"
#include "tools/demo/event_line.h"
#include "tools/demo/number.h"

#define POLL_MS 200

struct view {
	struct screen *screen;
	bool raw;
	int64_t count;
};

static void show_raw(FILE *out, const struct message *m)
{
	struct seen_event event;

	seen_event_read(&event, m);
	(void)fprintf(out, "%-9d %6" PRId64 "  %-6s %-18s ", (int)event.partition, event.offset,
		      event.key, event.type);
	if (m->payload)
		(void)fwrite(m->payload, 1, m->payload_len, out);
	else
		(void)fputs("(null)", out);
	(void)fputc('\n', out);
	(void)fflush(out);
}

static void take(void *context, const struct message *m)
{
	struct view *view = context;
	struct seen_event event;

	view->count++;
	if (view->raw) {
		show_raw(view->screen->out, m);
		return;
	}
	seen_event_read(&event, m);
	event_line_show(view->screen, &event);
}

static enum status show_now(struct view *view, const struct kafka_settings *kafka,
			    struct error *err)
{
	struct kafka_topic *topic = NULL;
	struct kafka_topic_ends ends;
	enum status st = kafka_topic_open(&topic, kafka, KAFKA_READ_COMMITTED, err);

	if (st == ST_OK)
		st = kafka_topic_find_ends(topic, &ends, err);
	if (st == ST_OK) {
		st = kafka_topic_read(topic, &ends, take, view, err);
		kafka_topic_ends_fini(&ends);
	}
	kafka_topic_close(topic);
	if (st == ST_OK && !view->raw)
		screen_say(view->screen, STYLE_PLAIN, "topic.count", "n", NUMBER(view->count),
			   NULL);
	return st;
}

static enum status follow_on(struct view *view, const struct kafka_settings *kafka,
			     const atomic_bool *stopped, struct error *err)
{
	struct kafka_tail *tail = NULL;
	bool away = false;

	if (kafka_tail_open(&tail, kafka, -1, err) != ST_OK)
		return err->status;
	while (!atomic_load(stopped) && !ferror(view->screen->out)) {
		const struct message *m = kafka_tail_next(tail, POLL_MS);

		if (m)
			take(view, m);
		if (!kafka_tail_up(tail) && !away)
			screen_say(view->screen, STYLE_BAD, "topic.away", "servers",
				   kafka->bootstrap_servers, NULL);
		away = !kafka_tail_up(tail);
	}
	kafka_tail_close(tail);
	return ST_OK;
}

enum status topic_view_show(struct screen *screen, const struct kafka_settings *kafka, bool raw,
			    bool follow, const atomic_bool *stopped, struct error *err)
{
	struct view view = { .screen = screen, .raw = raw };

	if (raw) {
		(void)fprintf(screen->out, "%-9s %6s  %-6s %-18s %s\n", "partition", "offset",
			      "key", "type", "value");
	} else {
		screen_say(screen, STYLE_PLAIN, "topic.title", "topic", kafka->topic, NULL);
		event_line_legend(screen);
	}
	return follow ? follow_on(&view, kafka, stopped, err) : show_now(&view, kafka, err);
}
