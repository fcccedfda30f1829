#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/service/http_caller.h"
#include "tests/support/arena.h"
#include "tests/support/wait.h"

#define TIMEOUT_MS 60000L

struct bytes {
	char *data; /* owned */
	size_t len;
};

/* curl's write callback. */
static size_t collect(char *data, size_t size, size_t count, void *context)
{
	struct bytes *to = context;
	char *grown = realloc(to->data, to->len + size * count + 1);

	if (!grown)
		return 0;
	to->data = grown;
	memcpy(to->data + to->len, data, size * count);
	to->len += size * count;
	return size * count;
}

static void take_body(struct http_answer *answer, const void *body, size_t len)
{
	answer->body = arena_copy(body, len);
	answer->body_len = len;
	answer->json = arena_json(json_loadb(answer->body, len, JSON_DECODE_ANY, NULL));
}

static struct curl_slist *header_lines(const char *body, va_list ap)
{
	struct curl_slist *lines = curl_slist_append(NULL, "Expect:");
	bool typed = false;

	for (const char *line; (line = va_arg(ap, const char *));) {
		typed = typed || strncasecmp(line, "Content-Type:", 13) == 0;
		lines = curl_slist_append(lines, line);
	}
	if (body && !typed)
		lines = curl_slist_append(lines, "Content-Type: application/json");
	return lines;
}

struct http_answer http_call(int port, const char *method, const char *path, const char *body, ...)
{
	struct http_answer answer = { .error = "", .headers = "", .body = "" };
	struct bytes head = { 0 }, content = { 0 };
	const struct http_caller caller = http_caller_from_environment();
	const char *url =
		arena_format("%s://127.0.0.1:%d%s", http_caller_scheme(&caller), port, path);
	struct error err = { 0 };
	char why[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	int64_t started = mono_ms();
	struct curl_slist *lines;
	CURLcode code;
	long status = 0;
	va_list ap;

	va_start(ap, body);
	lines = header_lines(body, ap);
	va_end(ap);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &content);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, collect);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
	if (body) {
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	}
	if (strcmp(method, "HEAD") == 0)
		(void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	code = CURLE_FAILED_INIT;
	if (http_caller_apply(&caller, curl, &err) == ST_OK)
		code = curl_easy_perform(curl);
	else
		(void)snprintf(why, sizeof(why), "%s", err.msg);
	answer.ms = mono_ms() - started;
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK)
		answer.status = (int)status;
	else
		answer.error = arena_format("%s", why[0] ? why : curl_easy_strerror(code));
	answer.headers = arena_copy(head.data, head.len);
	take_body(&answer, content.data, content.len);
	free(head.data);
	free(content.data);
	curl_slist_free_all(lines);
	curl_easy_cleanup(curl);
	return answer;
}

struct http_pending {
	int port;
	const char *method, *path, *body;
	struct http_answer answer;
	pthread_t thread;
};

static void *pending_main(void *context)
{
	struct http_pending *p = context;

	p->answer = http_call(p->port, p->method, p->path, p->body, NULL);
	return NULL;
}

struct http_pending *http_begin(int port, const char *method, const char *path, const char *body)
{
	struct http_pending *p = arena_alloc(sizeof(*p));

	*p = (struct http_pending){ .port = port, .method = method, .path = path, .body = body };
	if (pthread_create(&p->thread, NULL, pending_main, p) != 0)
		abort();
	return p;
}

struct http_answer http_end(struct http_pending *pending)
{
	(void)pthread_join(pending->thread, NULL);
	return pending->answer;
}

int http_connect(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static void send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* the server may answer and close before it has read all */
		bytes += n;
		len -= (size_t)n;
	}
}

struct http_answer http_raw(int port, const void *bytes, size_t len)
{
	struct http_answer answer = { .error = "", .headers = "", .body = "" };
	int64_t started = mono_ms(), end = started + 10000;
	int fd = http_connect(port);
	struct bytes got = { 0 };
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char chunk[4096];
	const char *blank;
	ssize_t n = 1;

	if (fd < 0) {
		answer.error = "connection refused";
		return answer;
	}
	send_all(fd, bytes, len);
	(void)shutdown(fd, SHUT_WR); /* so that the server does not wait for more */
	while (n > 0 && mono_ms() < end && poll(&poll_fd, 1, (int)(end - mono_ms())) > 0) {
		n = recv(fd, chunk, sizeof(chunk), 0);
		if (n > 0)
			(void)collect(chunk, 1, (size_t)n, &got);
	}
	(void)close(fd);
	answer.ms = mono_ms() - started;
	answer.headers = arena_copy(got.data, got.len);
	if (sscanf(answer.headers, "HTTP/1.%*1[01] %d", &answer.status) != 1)
		answer.error = "no status line";
	blank = strstr(answer.headers, "\r\n\r\n");
	if (blank)
		take_body(&answer, blank + 4, got.len - (size_t)(blank + 4 - answer.headers));
	free(got.data);
	return answer;
}

const char *http_header(const struct http_answer *answer, const char *name)
{
	size_t len = strlen(name);
	const char *end = strstr(answer->headers, "\r\n\r\n");

	for (const char *line = strstr(answer->headers, "\r\n"); line && line != end;
	     line = strstr(line + 2, "\r\n")) {
		const char *value = line + 2 + len;

		if (strncasecmp(line + 2, name, len) != 0 || *value != ':')
			continue;
		value += 1 + strspn(value + 1, " ");
		return arena_copy(value, strcspn(value, "\r"));
	}
	return "";
}

const char *json_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

int64_t json_number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}
