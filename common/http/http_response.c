#include "common/http/http_response.h"

#include <civetweb.h>
#include <stdlib.h>

/* One piece: two would wait for each other's acknowledgement. */
char *http_response_format(const struct http_response *r, bool keep, size_t *len)
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

void http_response_write_text(struct mg_connection *mg, char *text, size_t len)
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
	char *text = http_response_format(response, keep, &len);

	http_response_write_text(mg, text, len);
}
