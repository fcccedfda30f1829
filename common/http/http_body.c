#include "common/http/http_body.h"

#include <civetweb.h>
#include <stdlib.h>

/* Read of a body that is refused, so that the client hears the answer. */
#define DRAIN_MAX_BYTES (4 * 1024 * 1024)

/* -1: chunked. A method without a body announces nothing, and sends none. */
static long long announced_length(const struct mg_connection *mg)
{
	long long length = mg_get_request_info(mg)->content_length;

	return length < 0 && !mg_get_header(mg, "Transfer-Encoding") ? 0 : length;
}

/* Fewer bytes than size: the body ends there, or the connection. */
static size_t read_up_to(struct mg_connection *mg, char *buffer, size_t size)
{
	size_t len = 0;
	int n;

	while (len < size && (n = mg_read(mg, buffer + len, size - len)) > 0)
		len += (size_t)n;
	return len;
}

static void drain(struct mg_connection *mg)
{
	char scrap[4096];
	size_t drained = 0;
	int n;

	while (drained < DRAIN_MAX_BYTES && (n = mg_read(mg, scrap, sizeof(scrap))) > 0)
		drained += (size_t)n;
}

int http_body_read(struct mg_connection *mg, char **body, size_t *len)
{
	long long announced = announced_length(mg);
	size_t capacity = announced > 0 ? (size_t)announced : HTTP_BODY_MAX_BYTES;
	char more;

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
		*len = read_up_to(mg, *body, capacity);
		(*body)[*len] = '\0';
		if (announced > 0)
			return *len == (size_t)announced ? 0 : 400;
		if (mg_read(mg, &more, 1) <= 0)
			return 0;
	}
	drain(mg);
	return 413;
}
