#include "order-service/order_api.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/http_json.h"
#include "common/http_params.h"
#include "common/parse.h"
#include "order-service/order_json.h"
#include "order-service/order_read.h"

/* The answers that a status means on this API. */
static void respond_failure(struct http_response *response, const struct error *err)
{
	if (err->status == ST_NOT_FOUND)
		http_respond_problem(response, 404, "id", "%s", err->msg);
	else if (err->status == ST_CONFLICT)
		http_respond_problem(response, 412, "If-Match", "%s", err->msg);
	else if (err->status == ST_REFUSED)
		http_respond_problem(response, 502, NULL, "%s", err->msg);
	else if (err->status == ST_TIMEOUT)
		http_respond_problem(response, 504, NULL, "%s", err->msg);
	else
		http_respond_error(response, err);
}

static void respond_order(struct http_response *response, int status, const struct order *order)
{
	http_response_header(response, "ETag", "\"%d\"", order->version);
	http_respond_json(response, status, order_to_json(order));
}

/* *version: what If-Match asks for, 0 for nothing or any. False: answered with a problem. */
static bool read_if_match(const struct http_request *request, struct http_response *response,
			  int32_t *version)
{
	const char *tag = http_request_header(request, "If-Match");
	size_t len = tag ? strlen(tag) : 0;
	int64_t number = 0;

	if (!tag || strcmp(tag, "*") == 0) {
		*version = 0;
		return true;
	}
	if (len > 2 && tag[0] == '"' && tag[len - 1] == '"' &&
	    parse_i64(tag + 1, len - 2, 1, INT32_MAX, &number)) {
		*version = (int32_t)number;
		return true;
	}
	http_respond_problem(response, 412, "If-Match",
			     "give the ETag that an answer brought, such as \"1\"");
	return false;
}

/* Visible ASCII, as the header's draft (a structured-field string) allows; quotes are part of it.
 */
static bool read_idempotency_key(const struct http_request *request, struct http_response *response,
				 const char **key)
{
	const char *value = http_request_header(request, "Idempotency-Key");
	bool good = true;

	*key = value;
	if (!value)
		return true;
	for (const char *c = value; *c; c++)
		good = good && *c >= 0x20 && *c < 0x7f;
	if (good && *value && strlen(value) <= IDEMPOTENCY_KEY_MAX)
		return true;
	http_respond_problem(response, 400, "Idempotency-Key",
			     "must have 1 to %d visible ASCII characters", IDEMPOTENCY_KEY_MAX);
	return false;
}

/* The body into content and fields. False: answered with a problem. */
static bool read_content(const struct http_request *request, struct http_response *response,
			 unsigned allowed, unsigned required, struct order_content *content,
			 unsigned *fields)
{
	json_t *body = http_body_object(request, response);
	const char *field = NULL;
	struct error err;
	bool good;

	if (!body)
		return false;
	good = order_content_read(body, allowed, required, content, fields, &field, &err) == ST_OK;
	if (!good)
		http_respond_problem(response, 422, field, "%.*s %s", (int)utf8_cut(field, 64),
				     field, err.msg);
	json_decref(body);
	return good;
}

void order_api_place(void *context, const struct http_request *request,
		     struct http_response *response)
{
	struct order_api *api = context;
	struct order_command command;

	order_command_init(&command, COMMAND_PLACE);
	if (!read_idempotency_key(request, response, &command.idempotency_key) ||
	    !read_content(request, response, ORDER_FIELDS_ALL, ORDER_FIELDS_ALL, &command.content,
			  &command.fields))
		return;
	api->submit(api->road, &command);
	if (command.answer.status != ST_OK) {
		respond_failure(response, &command.answer);
		return;
	}
	http_response_header(response, "Location", "/orders/%" PRId64, command.order.id);
	if (command.replayed)
		http_response_header(response, "Idempotency-Replayed", "true");
	respond_order(response, 201, &command.order);
}

void order_api_modify(void *context, const struct http_request *request,
		      struct http_response *response)
{
	struct order_api *api = context;
	struct order_command command;

	order_command_init(&command, COMMAND_MODIFY);
	if (!http_path_id(request, response, "id", &command.order_id) ||
	    !read_if_match(request, response, &command.expected_version) ||
	    !read_content(request, response, ORDER_FIELDS_CHANGEABLE, 0, &command.content,
			  &command.fields))
		return;
	api->submit(api->road, &command);
	if (command.answer.status != ST_OK)
		respond_failure(response, &command.answer);
	else
		respond_order(response, 200, &command.order);
}

void order_api_cancel(void *context, const struct http_request *request,
		      struct http_response *response)
{
	struct order_api *api = context;
	struct order_command command;

	order_command_init(&command, COMMAND_CANCEL);
	if (!http_path_id(request, response, "id", &command.order_id) ||
	    !read_if_match(request, response, &command.expected_version))
		return;
	api->submit(api->road, &command);
	if (command.answer.status != ST_OK)
		respond_failure(response, &command.answer);
	else
		response->status = 204;
}

void order_api_get(void *context, const struct http_request *request,
		   struct http_response *response)
{
	struct order_api *api = context;
	struct order order;
	struct error err;
	int64_t id = 0;

	if (!http_path_id(request, response, "id", &id))
		return;
	if (order_read(api->reads, id, &order, &err) == ST_OK)
		respond_order(response, 200, &order);
	else
		respond_failure(response, &err);
}

static void respond_page(struct http_response *response, const struct order *orders, size_t count,
			 int64_t limit)
{
	json_t *list = json_array(), *root;
	char next[96];

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, order_to_json(&orders[i]));
	http_link_next(response, "/orders", count, limit, count ? orders[count - 1].id : 0, next);
	root = json_pack("{s:o, s:s*}", "orders", list, "next", next[0] ? next : NULL);
	http_respond_json(response, 200, root);
}

void order_api_list(void *context, const struct http_request *request,
		    struct http_response *response)
{
	struct order_api *api = context;
	int64_t limit, after;
	struct order *orders;
	struct error err;
	size_t count = 0;

	if (!http_query_page(request, response, &limit, &after))
		return;
	orders = malloc((size_t)limit * sizeof(*orders));
	if (!orders) {
		(void)error_set(&err, ST_UNAVAILABLE, "out of memory");
		http_respond_error(response, &err);
		return;
	}
	if (order_read_page(api->reads, after, (size_t)limit, orders, &count, &err) == ST_OK)
		respond_page(response, orders, count, limit);
	else
		http_respond_error(response, &err);
	free(orders);
}
