#include "common/http/http_connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/http/http_server.h"
#include "common/runtime/clock.h"

/* Read of a body that is refused, so that the client hears the answer. */
#define DRAIN_MAX_BYTES (4 * 1024 * 1024)

enum answer { NONE, DEFERRED, AWAITED };

void http_connection_open(struct http_connection *c, struct mg_connection *mg,
			  struct http_sockets *sockets)
{
	const struct mg_request_info *info = mg_get_request_info(mg);

	c->mg = mg;
	c->sockets = sockets;
	c->fd = -1;
	c->port = info->server_port;
	c->peer_port = info->remote_port;
	c->since_us = clock_mono_us();
	atomic_store(&c->answer, NONE);
	(void)sem_init(&c->sent, 0, 0);
	c->handed = NULL;
}

void http_connection_close(struct http_connection *c)
{
	http_connection_await(c);
	(void)sem_destroy(&c->sent);
}

/* --- who answers --------------------------------------------------------------------------- */

void http_connection_defer(struct http_connection *c)
{
	if (c->fd < 0)
		c->fd = http_sockets_find(c->sockets, c->port, c->peer_port, c->since_us);
	atomic_store(&c->answer, DEFERRED);
}

void http_connection_await(struct http_connection *c)
{
	int deferred = DEFERRED;

	if (!atomic_compare_exchange_strong(&c->answer, &deferred, AWAITED))
		return;
	while (sem_wait(&c->sent) != 0)
		; /* interrupted */
}

void http_connection_deferred_sent(struct http_connection *c)
{
	if (atomic_exchange(&c->answer, NONE) == AWAITED)
		(void)sem_post(&c->sent);
}

/* --- bytes --------------------------------------------------------------------------------- */

/* Header and body in one piece, malloc'd: two would wait for each other's acknowledgement. */
static char *format(const struct http_response *r, bool keep, size_t *len)
{
	size_t room = 1024 + r->headers.len + r->body_len;
	char *out = malloc(room);
	struct strbuf text = { .buf = out, .size = room };

	if (!out)
		return NULL;
	strbuf_printf(&text, "HTTP/1.1 %d %s\r\n", r->status, http_reason(r->status));
	if (r->content_type)
		strbuf_printf(&text, "Content-Type: %s\r\n", r->content_type);
	if (r->status != 204)
		strbuf_printf(&text, "Content-Length: %zu\r\n", r->body_len);
	strbuf_add(&text, r->headers.buf, r->headers.len);
	strbuf_printf(&text, "Connection: %s\r\n\r\n", keep ? "keep-alive" : "close");
	if (r->body_len > 0)
		strbuf_add(&text, r->body, r->body_len);
	*len = text.len;
	return out;
}

enum http_sent http_connection_send_deferred(struct http_connection *c,
					     const struct http_response *response, bool keep)
{
	size_t len = 0;
	char *text = format(response, keep, &len);
	ssize_t sent;

	if (c->fd < 0) {
		c->handed = text;
		c->handed_len = len;
		return HTTP_HANDED_TO_WORKER;
	}
	sent = text ? send(c->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
	free(text);
	if (sent == (ssize_t)len && text)
		return HTTP_SENT;
	if (sent < 0 && errno != EAGAIN)
		return HTTP_SENT; /* nobody is there any more */
	(void)shutdown(c->fd, SHUT_RDWR);
	return HTTP_SLOW_CLIENT;
}

static void write_text(struct mg_connection *mg, char *text, size_t len)
{
	if (text)
		(void)mg_write(mg, text, len);
	else
		mg_disable_connection_keep_alive(mg);
	free(text);
}

void http_response_write(struct mg_connection *mg, const struct http_response *response, bool keep)
{
	size_t len = 0;
	char *text = format(response, keep, &len);

	write_text(mg, text, len);
}

bool http_connection_finish(struct http_connection *c)
{
	if (c->fd >= 0)
		return false;
	http_connection_await(c);
	write_text(c->mg, c->handed, c->handed_len);
	c->handed = NULL;
	return true;
}

/* -1: chunked. A method without a body announces nothing, and sends none. */
static long long announced_length(const struct mg_connection *mg)
{
	long long length = mg_get_request_info(mg)->content_length;

	return length < 0 && !mg_get_header(mg, "Transfer-Encoding") ? 0 : length;
}

int http_body_read(struct mg_connection *mg, char **body, size_t *len)
{
	long long announced = announced_length(mg);
	size_t capacity = announced > 0 ? (size_t)announced : HTTP_BODY_MAX_BYTES;
	char scrap[4096];
	size_t drained = 0;
	int n;

	*body = NULL;
	*len = 0;
	if (announced == 0)
		return 0;
	/* The client waits for a word before it sends the body. */
	if (mg_get_header(mg, "Expect")) {
		if (announced > HTTP_BODY_MAX_BYTES)
			return 413;
		(void)mg_write(mg, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	}
	if (announced <= HTTP_BODY_MAX_BYTES) {
		*body = malloc(capacity + 1);
		if (!*body)
			return 503;
		while (*len < capacity && (n = mg_read(mg, *body + *len, capacity - *len)) > 0)
			*len += (size_t)n;
		(*body)[*len] = '\0';
		if (announced > 0)
			return *len == (size_t)announced ? 0 : 400;
		if (mg_read(mg, scrap, 1) <= 0)
			return 0;
	}
	while (drained < DRAIN_MAX_BYTES && (n = mg_read(mg, scrap, sizeof(scrap))) > 0)
		drained += (size_t)n;
	return 413;
}
