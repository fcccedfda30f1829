#include "tests/support/collector.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/ports.h"

#define REQUEST_MAX ((size_t)4 * 1024 * 1024)
#define SPANS_MAX   8192

struct collector {
	int listener, port;
	_Atomic int answer;
	_Atomic int64_t posts;
	pthread_mutex_t mu;
	/* guarded by mu */
	struct collector_span *spans;
	size_t count;
	const char *head;
};

struct connection {
	struct collector *collector;
	int fd;
};

/* --- spans --------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static const json_t *value_of(const json_t *attributes, const char *key)
{
	for (size_t i = 0; i < json_array_size(attributes); i++) {
		const json_t *item = json_array_get(attributes, i);

		if (strcmp(text_of(item, "key"), key) == 0)
			return json_object_get(item, "value");
	}
	return NULL;
}

static const char *attribute_of(const json_t *attributes, const char *key)
{
	const json_t *value = value_of(attributes, key);

	return json_object_get(value, "intValue") ? text_of(value, "intValue")
						  : text_of(value, "stringValue");
}

const char *collector_attribute(const struct collector_span *span, const char *key)
{
	return attribute_of(span->attributes, key);
}

static void keep_span(struct collector *c, const char *service, const json_t *json)
{
	if (c->count == SPANS_MAX)
		return;
	c->spans[c->count++] = (struct collector_span){
		.service = service,
		.name = text_of(json, "name"),
		.trace = text_of(json, "traceId"),
		.id = text_of(json, "spanId"),
		.parent = text_of(json, "parentSpanId"),
		.state = text_of(json, "traceState"),
		.error = text_of(json_object_get(json, "status"), "message"),
		.kind = (int)json_integer_value(json_object_get(json, "kind")),
		.start_ns = strtoll(text_of(json, "startTimeUnixNano"), NULL, 10),
		.end_ns = strtoll(text_of(json, "endTimeUnixNano"), NULL, 10),
		.attributes = json_object_get(json, "attributes"),
	};
}

static void keep_scopes(struct collector *c, const char *service, const json_t *scopes)
{
	for (size_t i = 0; i < json_array_size(scopes); i++) {
		const json_t *spans = json_object_get(json_array_get(scopes, i), "spans");

		for (size_t n = 0; n < json_array_size(spans); n++)
			keep_span(c, service, json_array_get(spans, n));
	}
}

static void keep(struct collector *c, const char *body, size_t len)
{
	const json_t *root = arena_json(json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL));
	const json_t *resources = json_object_get(root, "resourceSpans");

	for (size_t i = 0; i < json_array_size(resources); i++) {
		const json_t *one = json_array_get(resources, i);
		const json_t *attributes =
			json_object_get(json_object_get(one, "resource"), "attributes");

		keep_scopes(c, attribute_of(attributes, "service.name"),
			    json_object_get(one, "scopeSpans"));
	}
}

/* --- HTTP ---------------------------------------------------------------------------------- */

/* Reads a request into buf. Returns where its body begins; 0: the connection ended. */
static size_t read_request(int fd, char *buf, size_t *body_len)
{
	size_t have = 0, head = 0;

	for (;;) {
		ssize_t got = read(fd, buf + have, REQUEST_MAX - 1 - have);
		const char *end, *length;

		if (got <= 0)
			return 0;
		have += (size_t)got;
		buf[have] = '\0';
		end = head ? NULL : strstr(buf, "\r\n\r\n");
		if (end) {
			head = (size_t)(end - buf) + 4;
			length = strcasestr(buf, "content-length:");
			*body_len = length ? strtoul(length + strlen("content-length:"), NULL, 10)
					   : 0;
		}
		if (head && have >= head + *body_len)
			return head;
	}
}

static void say(int fd, int status)
{
	const char *body = status == 200 ? "{\"partialSuccess\":{}}" : "{\"message\":\"no\"}";
	char text[256];
	int len = snprintf(text, sizeof(text),
			   "HTTP/1.1 %d x\r\nContent-Type: application/json\r\n"
			   "Content-Length: %zu\r\n\r\n%s",
			   status, strlen(body), body);

	if (write(fd, text, (size_t)len) != len)
		(void)shutdown(fd, SHUT_RDWR);
}

static void take(struct connection *c, const char *buf, size_t head, size_t body_len)
{
	struct collector *collector = c->collector;
	int answer = atomic_load(&collector->answer);

	(void)pthread_mutex_lock(&collector->mu);
	collector->head = arena_copy(buf, head);
	if (answer == 200)
		keep(collector, buf + head, body_len);
	(void)pthread_mutex_unlock(&collector->mu);
	atomic_fetch_add(&collector->posts, 1);
	if (answer != 0)
		say(c->fd, answer);
}

static void *serve(void *arg)
{
	struct connection *c = arg;
	char *buf = malloc(REQUEST_MAX);
	size_t head, body_len = 0;

	while (buf && (head = read_request(c->fd, buf, &body_len)) > 0)
		take(c, buf, head, body_len);
	free(buf);
	(void)close(c->fd);
	free(c);
	return NULL;
}

static void *take_connections(void *arg)
{
	struct collector *collector = arg;

	for (;;) {
		struct connection *c = calloc(1, sizeof(*c));
		pthread_t thread;

		if (!c)
			return NULL;
		c->collector = collector;
		c->fd = accept(collector->listener, NULL, NULL);
		if (c->fd < 0 || pthread_create(&thread, NULL, serve, c) != 0) {
			free(c);
			return NULL;
		}
		(void)pthread_detach(thread);
	}
}

struct collector *collector_start(void)
{
	struct collector *c = arena_alloc(sizeof(*c));
	pthread_t thread;

	c->spans = arena_alloc(SPANS_MAX * sizeof(*c->spans));
	c->head = "";
	atomic_store(&c->answer, 200);
	(void)pthread_mutex_init(&c->mu, NULL);
	c->listener = ports_listen(&c->port);
	cr_assert_eq(pthread_create(&thread, NULL, take_connections, c), 0);
	(void)pthread_detach(thread);
	return c;
}

/* --- for the test -------------------------------------------------------------------------- */

const char *collector_setting(const struct collector *c)
{
	return arena_format("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%d", c->port);
}

void collector_answers(struct collector *c, int status)
{
	atomic_store(&c->answer, status);
}

int64_t collector_posts(struct collector *c)
{
	return atomic_load(&c->posts);
}

const char *collector_head(struct collector *c)
{
	const char *head;

	(void)pthread_mutex_lock(&c->mu);
	head = c->head;
	(void)pthread_mutex_unlock(&c->mu);
	return head;
}

const struct collector_span *collector_find(struct collector *c, const char *service,
					    const char *name, const char *trace)
{
	const struct collector_span *found = NULL;

	(void)pthread_mutex_lock(&c->mu);
	for (size_t i = 0; i < c->count && !found; i++) {
		const struct collector_span *span = &c->spans[i];

		if (strcmp(span->service, service) == 0 && strcmp(span->name, name) == 0 &&
		    strcmp(span->trace, trace) == 0)
			found = span;
	}
	(void)pthread_mutex_unlock(&c->mu);
	return found;
}

int64_t collector_count(struct collector *c)
{
	int64_t count;

	(void)pthread_mutex_lock(&c->mu);
	count = (int64_t)c->count;
	(void)pthread_mutex_unlock(&c->mu);
	return count;
}
