#include "common/http/http_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "common/http/http_response.h"
#include "common/runtime/clock.h"

/*
 * Relied on, of libmicrohttpd 0.9.75:
 * - A head stays where it was read, with NULs for what ended its parts. So each part begins where
 *   the one before ended, unless a line was folded, ended with a bare LF, or had a NUL in it.
 * - A request that is not whole never gets to its last call.
 * - The last field of the head comes again before the trailers, if their first line came in pieces.
 */

/* What the library keeps of a field beside its text. */
#define FIELD_BYTES 72

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static enum MHD_Result queue_answer(struct http_connection *c)
{
	struct http_loop *loop = c->loop;
	struct MHD_Response *answer = c->answer;
	bool keep = c->keep && !atomic_load(&loop->closing);
	enum MHD_Result done;

	if (!answer)
		return MHD_NO;
	http_clients_enter(&c->client, HTTP_SENDING, loop->now_mono_ms);
	if (!keep && MHD_add_response_header(answer, "Connection", "close") != MHD_YES)
		return MHD_NO;
	done = MHD_queue_response(c->mhd, (unsigned)c->status, answer);
	MHD_destroy_response(answer);
	c->answer = NULL;
	return done;
}

void http_exchange_set_answer(struct http_connection *c, struct http_response *response)
{
	c->status = response->status;
	c->answer = http_response_make(response, c->origin);
}

static enum MHD_Result refuse(struct http_connection *c, struct http_refusal refusal)
{
	struct http_response response;

	c->keep = false;
	http_response_init(&response);
	c->loop->config.refuse(c->context, c, refusal, &response);
	http_exchange_set_answer(c, &response);
	http_response_fini(&response);
	return queue_answer(c);
}

/* --- the head ------------------------------------------------------------------------------ */

void *http_exchange_begin(void *context, const char *target, struct MHD_Connection *mhd)
{
	struct http_loop *loop = context;
	struct http_connection *c = connection_of(mhd);

	if (!c)
		return NULL;
	if (c->client.phase != HTTP_READING)
		http_clients_enter(&c->client, HTTP_READING, loop->now_mono_ms);
	c->begun = false;
	c->keep = true;
	c->line = strdup(target ? target : "");
	c->line_at = target;
	return c;
}

/* Lines of a head, or of trailers. */
struct reading {
	struct http_framing *framing;
	const char
		*next; /* where the next part begins, if all is as it was read; NULL: not known */
	size_t fields, text_bytes;
};

static void refuse_field(struct reading *reading, int status, const char *why)
{
	if (reading->framing->refusal.status == 0)
		reading->framing->refusal = (struct http_refusal){ status, why };
}

static void expect_at(struct reading *reading, const char *part)
{
	if (reading->next && part != reading->next)
		refuse_field(reading, 400, "a line is folded, ends without CR, or has a NUL");
}

static enum MHD_Result read_field(void *context, enum MHD_ValueKind kind, const char *name,
				  size_t name_len, const char *value, size_t value_len)
{
	struct reading *reading = context;
	const char *at = name + name_len + 1;
	char *end = (char *)value + value_len;
	const bool padded = value_len > 0 && (end[-1] == ' ' || end[-1] == '\t');

	(void)kind;
	reading->fields++;
	reading->text_bytes += name_len + value_len;
	expect_at(reading, name);
	reading->next = at + strspn(at, " \t");
	expect_at(reading, value);
	reading->next = end + 2;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	http_framing_field(reading->framing, name, name_len, value, (size_t)(end - value));
	/* The library takes "chunked " for another coding. */
	if (padded && reading->framing->known[HTTP_TRANSFER_ENCODING] == value)
		refuse_field(reading, 400, "a blank follows the transfer coding");
	return MHD_YES;
}

static const char *header_of(const void *source, const char *name)
{
	const struct http_connection *c = source;
	bool known;
	const char *value = http_framing_value(&c->framing, name, &known);

	return known ? value : MHD_lookup_connection_value(c->mhd, MHD_HEADER_KIND, name);
}

static size_t head_size(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
}

static struct http_refusal read_head(struct http_connection *c, const char *method,
				     const char *version)
{
	struct reading reading = { .framing = &c->framing, .next = method + strlen(method) + 1 };
	const size_t size = head_size(c->mhd);
	struct http_refusal refusal;

	http_framing_begin(&c->framing, method, version);
	expect_at(&reading, c->line_at);
	reading.next = c->line_at + strlen(c->line) + 1;
	expect_at(&reading, version);
	reading.next = version + strlen(version) + 2;
	(void)MHD_get_connection_values_n(c->mhd, MHD_HEADER_KIND, read_field, &reading);
	reading.next += 2; /* the empty line */
	c->head_end = method + size;
	expect_at(&reading, c->head_end);
	c->fields_bytes = size + reading.fields * FIELD_BYTES;
	if (c->fields_bytes > HTTP_FIELDS_MAX_BYTES)
		refuse_field(&reading, 431, HTTP_FIELDS_TOO_LARGE);
	refusal = http_framing_end(&c->framing);
	if (refusal.status == 0)
		refusal = http_target_read(c->line, method, c->framing.known[HTTP_HOST], c->tls,
					   &c->target);
	return refusal;
}

static void set_request(struct http_connection *c, const char *method)
{
	c->request = (struct http_request){
		.method = method,
		.path = c->target.path,
		.query = c->target.query,
		.header = header_of,
		.source = c,
		.deferred = &c->deferred,
	};
}

static enum MHD_Result take_head(struct http_connection *c, const char *method, const char *version)
{
	struct http_refusal refusal;

	c->begun = true;
	c->started_us = clock_mono_us();
	if (!c->line)
		return MHD_NO;
	refusal = read_head(c, method, version);
	set_request(c, method);
	if (refusal.status != 0)
		return refuse(c, refusal);
	if (c->framing.length > HTTP_BODY_READ_MAX_BYTES ||
	    (c->framing.length > HTTP_BODY_MAX_BYTES && c->framing.known[HTTP_EXPECT]))
		return refuse(c, (struct http_refusal){ 413, HTTP_BODY_TOO_LARGE });
	return MHD_YES;
}

/* --- the body ------------------------------------------------------------------------------ */

/* What is more than a body may have is counted, and dropped. */
static enum MHD_Result take_body(struct http_connection *c, const char *data, size_t len)
{
	const size_t room = c->framing.chunked ? HTTP_BODY_MAX_BYTES : c->framing.length;
	size_t at = c->taken;

	c->taken += len;
	if (c->taken > HTTP_BODY_READ_MAX_BYTES)
		return MHD_NO;
	if (c->taken > room || room > HTTP_BODY_MAX_BYTES)
		return MHD_YES;
	if (!c->body)
		c->body = malloc(room + 1);
	if (!c->body)
		return MHD_NO;
	memcpy(c->body + at, data, len);
	return MHD_YES;
}

/* --- the whole ----------------------------------------------------------------------------- */

struct trailers {
	struct reading reading;
	const struct http_connection *connection;
};

static enum MHD_Result read_trailer(void *context, enum MHD_ValueKind kind, const char *name,
				    size_t name_len, const char *value, size_t value_len)
{
	struct trailers *trailers = context;
	const struct http_connection *c = trailers->connection;

	if (name >= c->line_at && name < c->head_end)
		return MHD_YES;
	return read_field(&trailers->reading, kind, name, name_len, value, value_len);
}

/* Trailers mean nothing here, but they have to be some. */
static struct http_refusal read_trailers(struct http_connection *c)
{
	struct http_framing framing = { 0 };
	struct trailers trailers = { { .framing = &framing }, c };
	const struct reading *all = &trailers.reading;

	(void)MHD_get_connection_values_n(c->mhd, MHD_FOOTER_KIND, read_trailer, &trailers);
	if (c->fields_bytes + all->text_bytes + all->fields * FIELD_BYTES > HTTP_FIELDS_MAX_BYTES)
		framing.refusal = (struct http_refusal){ 431, HTTP_FIELDS_TOO_LARGE };
	http_framing_fini(&framing);
	return framing.refusal;
}

static struct http_refusal read_end(struct http_connection *c)
{
	if (c->taken > HTTP_BODY_MAX_BYTES)
		return (struct http_refusal){ 413, HTTP_BODY_TOO_LARGE };
	return c->framing.chunked ? read_trailers(c) : (struct http_refusal){ 0 };
}

static enum MHD_Result take_whole(struct http_connection *c)
{
	struct http_loop *loop = c->loop;
	struct http_refusal refusal = read_end(c);
	struct http_response response;
	bool answered;

	if (refusal.status != 0)
		return refuse(c, refusal);
	if (c->body)
		c->body[c->taken] = '\0';
	c->request.body = c->body;
	c->request.body_len = c->taken;
	http_clients_enter(&c->client, HTTP_ANSWERING, loop->now_mono_ms);
	http_response_init(&response);
	answered = loop->config.serve(c->context, c, &response);
	if (answered) {
		http_exchange_set_answer(c, &response);
		http_response_fini(&response);
		return queue_answer(c);
	}
	http_response_fini(&response);
	c->waits = true;
	loop->in_flight++;
	c->next_waiting = loop->waiting;
	loop->waiting = c;
	return MHD_YES;
}

enum MHD_Result http_exchange_go_on(void *context, struct MHD_Connection *mhd, const char *url,
				    const char *method, const char *version, const char *data,
				    size_t *len, void **connection)
{
	struct http_connection *c = *connection;

	(void)context;
	(void)mhd;
	(void)url;
	if (!c)
		return MHD_NO;
	if (c->answer_due) {
		c->waits = c->answer_due = false;
		return queue_answer(c);
	}
	if (c->waits)
		return MHD_YES;
	if (!c->begun)
		return take_head(c, method, version);
	if (*len > 0) {
		size_t all = *len;

		*len = 0;
		return take_body(c, data, all);
	}
	return take_whole(c);
}

void http_exchange_end(void *context, struct MHD_Connection *mhd, void **connection,
		       enum MHD_RequestTerminationCode why)
{
	struct http_loop *loop = context;
	struct http_connection *c = *connection;

	(void)mhd;
	(void)why;
	if (!c)
		return;
	if (c->answer)
		MHD_destroy_response(c->answer);
	http_framing_fini(&c->framing);
	free(c->line);
	free(c->body);
	free(c->trace);
	c->answer = NULL;
	c->line = c->body = NULL;
	c->trace = NULL;
	c->taken = 0;
	c->waits = false;
	http_clients_enter(&c->client, HTTP_IDLE, loop->now_mono_ms);
	*connection = NULL;
}
