#include "tools/page/page.h"

#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "tools/page/feed.h"
#include "tools/page/table_feed.h"
#include "tools/page/topic_feed.h"
#include "tools/page/viewers.h"

#define STATE_PERIOD_MS 500

struct page {
	struct mailbox box;
	struct feed feed;
	struct viewers *viewers;
	struct topic_feed *topic;
	struct table_feed *tables;
	struct service_feed *services;
	struct actions *actions;
	struct history_calls *history;
	struct event *mail, *tick;
	json_t *state; /* what is now: the latest mail of each kind */
	bool mailbox_ready;
};

/* --- mail ---------------------------------------------------------------------------------- */

static void add_to_feed(struct page *page, const char *name, const json_t *content)
{
	char *text = json_dumps(content, JSON_COMPACT);

	if (text)
		feed_add(&page->feed, name, text);
}

/* Moves a member of content into the state. */
static void keep(struct page *page, const json_t *content, const char *name, const char *as)
{
	json_t *value = json_object_get(content, name);

	if (value)
		(void)json_object_set(page->state, as, value);
}

static void take_messages(struct page *page, const json_t *content)
{
	keep(page, content, "up", "kafkaUp");
	keep(page, content, "partitions", "partitions");
	keep(page, content, "read", "topicRead");
	if (json_array_size(json_object_get(content, "messages")) > 0)
		add_to_feed(page, "messages", content);
}

static void take_effects(struct page *page, const json_t *content)
{
	if (json_is_true(json_object_get(content, "reset"))) {
		feed_clear(&page->feed);
		add_to_feed(page, "reset", content);
	}
	add_to_feed(page, "effects", content);
}

static void take(struct page *page, const struct mail *mail)
{
	switch (mail->kind) {
	case MAIL_MESSAGES:
		take_messages(page, mail->content);
		break;
	case MAIL_EFFECTS:
		take_effects(page, mail->content);
		break;
	case MAIL_POSITIONS:
		keep(page, mail->content, "up", "databaseUp");
		keep(page, mail->content, "positions", "positions");
		keep(page, mail->content, "read", "tablesRead");
		break;
	case MAIL_HISTORY:
		history_calls_answer(page->history, mail->content);
		break;
	case MAIL_SERVICES:
		keep(page, mail->content, "orders", "orders");
		keep(page, mail->content, "deliveries", "deliveries");
		keep(page, mail->content, "rates", "rates");
		keep(page, mail->content, "read", "servicesRead");
		break;
	case MAIL_OUTPUT:
		add_to_feed(page, "output", mail->content);
		break;
	case MAIL_ACTION:
		add_to_feed(page, "action", mail->content);
		break;
	}
}

static void on_mail(evutil_socket_t fd, short what, void *context)
{
	struct page *page = context;
	struct mail mail;

	(void)fd;
	(void)what;
	while (mailbox_take(&page->box, &mail)) {
		take(page, &mail);
		json_decref(mail.content);
	}
	viewers_tell(page->viewers);
}

static char *state_text(const struct page *page)
{
	(void)json_object_set_new(page->state, "now", json_integer(clock_wall_ms()));
	return json_dumps(page->state, JSON_COMPACT);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct page *page = context;
	char *text = viewers_count(page->viewers) > 0 ? state_text(page) : NULL;

	(void)fd;
	(void)what;
	if (text)
		viewers_tell_state(page->viewers, text);
	free(text);
}

/* --- for the HTTP side --------------------------------------------------------------------- */

bool page_add_viewer(struct page *page, struct evhttp_request *request)
{
	char *text = state_text(page);
	bool added = text && viewers_add(page->viewers, request, text);

	free(text);
	return added;
}

struct actions *page_actions(struct page *page)
{
	return page->actions;
}

struct history_calls *page_history(struct page *page)
{
	return page->history;
}

const char *page_order_url(const struct page *page)
{
	const json_t *orders = json_object_get(page->state, "orders"), *service;
	size_t i;

	json_array_foreach(orders, i, service)
	{
		if (json_is_true(json_object_get(service, "ready")))
			return json_string_value(json_object_get(service, "url"));
	}
	return json_string_value(json_object_get(json_array_get(orders, 0), "url"));
}

/* --- open and close ------------------------------------------------------------------------ */

static enum status open_loop(struct page *page, struct event_base *base, struct error *err)
{
	const struct timeval period = { .tv_usec = STATE_PERIOD_MS * 1000 };

	page->viewers = viewers_open(&page->feed);
	page->mail = event_new(base, page->box.fd, EV_READ | EV_PERSIST, on_mail, page);
	page->tick = event_new(base, -1, EV_PERSIST, on_tick, page);
	if (!page->viewers || !page->mail || !page->tick || event_add(page->mail, NULL) != 0 ||
	    event_add(page->tick, &period) != 0)
		return error_set(err, ST_INTERNAL, "out of memory");
	return ST_OK;
}

static enum status open_readers(struct page *page, const struct page_config *config,
				struct error *err)
{
	page->actions = actions_open(config->project, &page->box);
	if (!page->actions)
		return error_set(err, ST_INTERNAL, "out of memory");
	if (topic_feed_open(&page->topic, &config->kafka, &page->box, err) != ST_OK ||
	    table_feed_open(&page->tables, config->database_url, config->kafka.topic, &page->box,
			    err) != ST_OK ||
	    service_feed_open(&page->services, &config->services, &page->box, err) != ST_OK)
		return err->status;
	page->history = history_calls_open(page->tables);
	return page->history ? ST_OK : error_set(err, ST_INTERNAL, "out of memory");
}

enum status page_open(struct page **out, const struct page_config *config, struct event_base *base,
		      struct error *err)
{
	struct page *page = calloc(1, sizeof(*page));

	if (!page)
		return error_set(err, ST_INTERNAL, "out of memory");
	feed_init(&page->feed, clock_wall_ms());
	page->state = json_pack("{s:s, s:b, s:b, s:s}", "topic", config->kafka.topic, "actions",
				config->project != NULL, "readOnly", config->read_only, "commands",
				config->commands);
	page->mailbox_ready = mailbox_init(&page->box, err) == ST_OK;
	if (!page->mailbox_ready || open_loop(page, base, err) != ST_OK ||
	    open_readers(page, config, err) != ST_OK) {
		page_close(page);
		return err->status;
	}
	*out = page;
	return ST_OK;
}

void page_close(struct page *page)
{
	if (!page)
		return;
	if (page->mailbox_ready)
		mailbox_close(&page->box);
	topic_feed_close(page->topic);
	table_feed_close(page->tables);
	service_feed_close(page->services);
	actions_close(page->actions);
	history_calls_close(page->history);
	viewers_close(page->viewers);
	if (page->mail)
		event_free(page->mail);
	if (page->tick)
		event_free(page->tick);
	if (page->mailbox_ready)
		mailbox_fini(&page->box);
	feed_fini(&page->feed);
	json_decref(page->state);
	free(page);
}
