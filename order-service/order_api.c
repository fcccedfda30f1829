#include "order-service/order_api.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/base/utf8.h"
#include "common/http/http_etag.h"
#include "common/http/http_json.h"
#include "common/http/http_params.h"
#include "common/runtime/log.h"
#include "order-service/core/order_json.h"
#include "order-service/order_read.h"

#define ORDER_JSON_BYTES 256 /* of a usual order */

/* A change in progress, from its request to its answer. */
struct change {
	struct order_command command; /* first: what is submitted and comes back */
	struct http_deferred *deferred;
	char idempotency_key[IDEMPOTENCY_KEY_MAX + 1]; /* the command's, if it has one */
};

static void respond_conflict(struct http_response *response, const struct order_command *command)
{
	const struct order_versions *match = &command->condition.match;
	const bool place = command->kind == COMMAND_PLACE;
	const char *condition = "If-Match";

	if (!place && order_versions_have(match, command->order.version))
		condition = "If-None-Match";
	http_respond_problem(response,
			     place ? HTTP_PROBLEM_KEY_REUSED : HTTP_PROBLEM_CONDITION_FAILED,
			     place ? "Idempotency-Key" : condition, "%s", command->answer.msg);
}

/* The answers that a status means on this API. */
static void respond_failure(struct http_response *response, const struct error *err)
{
	if (err->status == ST_NOT_FOUND)
		http_respond_problem(response, HTTP_PROBLEM_UNKNOWN_ORDER, "id", "%s", err->msg);
	else if (err->status == ST_REFUSED)
		http_respond_problem(response, HTTP_PROBLEM_UPSTREAM_REFUSED, NULL, "%s", err->msg);
	else if (err->status == ST_TIMEOUT)
		http_respond_problem(response, HTTP_PROBLEM_UPSTREAM_TIMEOUT, NULL, "%s", err->msg);
	else
		http_respond_error(response, err);
}

/* The client has this version. */
static void respond_not_modified(struct http_response *response, const struct order *order)
{
	http_response_header(response, "ETag", "\"%d\"", order->version);
	response->status = 304;
}

static void respond_order(struct http_response *response, int status, const struct order *order)
{
	struct json_writer w;

	json_writer_init(&w, ORDER_JSON_BYTES);
	order_write_json(&w, NULL, order);
	http_response_header(response, "ETag", "\"%d\"", order->version);
	http_respond_text(response, status, "application/json", json_writer_take(&w));
}

/* The versions in a list of entity tags. With strong, weak tags name none. False: too many. */
static bool read_versions(const char *list, bool strong, struct order_versions *versions)
{
	struct http_etag tag;
	int64_t number = 0;

	versions->any = strcmp(list, "*") == 0;
	versions->count = 0;
	while (http_etag_next(&list, &tag)) {
		if ((strong && tag.weak) ||
		    !parse_i64(tag.text + 1, tag.len - 2, 1, INT32_MAX, &number))
			continue;
		if (versions->count == ORDER_VERSIONS_MAX)
			return false;
		versions->list[versions->count++] = (int32_t)number;
	}
	return true;
}

/* The header of that name, if it is there, as versions. False: answered with a problem. */
static bool read_condition(const struct http_request *request, struct http_response *response,
			   const char *name, bool strong, struct order_versions *versions)
{
	const char *list = http_request_header(request, name);

	if (!list || read_versions(list, strong, versions))
		return true;
	http_respond_problem(response, HTTP_PROBLEM_INVALID_HEADER, name,
			     "must name at most %d versions", ORDER_VERSIONS_MAX);
	return false;
}

/* If-Match and If-None-Match of a change. False: answered with a problem. */
static bool read_conditions(const struct http_request *request, struct http_response *response,
			    struct order_condition *condition)
{
	return read_condition(request, response, "If-Match", true, &condition->match) &&
	       read_condition(request, response, "If-None-Match", false, &condition->none_match);
}

/* Visible ASCII, as the header's draft (a structured-field string) allows; quotes are part of it.
 * False: answered with a problem. */
static bool read_idempotency_key(const struct http_request *request, struct http_response *response,
				 struct change *change)
{
	const char *value = http_request_header(request, "Idempotency-Key");
	size_t len = value ? strlen(value) : 0;
	bool good = len > 0 && len <= IDEMPOTENCY_KEY_MAX;

	if (!value)
		return true;
	for (size_t i = 0; i < len; i++)
		good = good && value[i] >= 0x20 && value[i] < 0x7f;
	if (good) {
		change->command.idempotency_key = memcpy(change->idempotency_key, value, len + 1);
		return true;
	}
	http_respond_problem(response, HTTP_PROBLEM_INVALID_HEADER, "Idempotency-Key",
			     "must have 1 to %d visible ASCII characters", IDEMPOTENCY_KEY_MAX);
	return false;
}

/* The body into command's content and fields. False: answered with a problem. */
static bool read_content(const struct http_request *request, struct http_response *response,
			 unsigned allowed, unsigned required, struct order_command *command)
{
	json_t *body = http_body_object(request, response);
	const char *field = NULL;
	struct error err;
	bool good;

	if (!body)
		return false;
	good = order_content_read(body, allowed, required, &command->content, &command->fields,
				  &field, &err) == ST_OK;
	if (!good)
		http_respond_problem(response, HTTP_PROBLEM_INVALID_MEMBER, field, "%.*s %s",
				     (int)utf8_cut(field, 64), field, err.msg);
	json_decref(body);
	return good;
}

/* --- changes ------------------------------------------------------------------------------- */

static void respond_changed(struct http_response *response, const struct order_command *command)
{
	if (command->kind == COMMAND_CANCEL) {
		response->status = 204;
		return;
	}
	if (command->kind == COMMAND_PLACE)
		http_response_header(response, "Location", "/orders/%" PRId64, command->order.id);
	if (command->replayed)
		http_response_header(response, "Idempotency-Replayed", "true");
	respond_order(response, command->kind == COMMAND_PLACE ? 201 : 200, &command->order);
}

static void log_change(const struct order_command *c)
{
	static const char *const kind_names[] = { "place", "modify", "cancel" };
	bool good = c->answer.status == ST_OK;

	log_debug("order", "change answered",
		  "change=%s order=%" PRId64 " version=%d status=\"%s\"%s", kind_names[c->kind],
		  good ? c->order.id : c->order_id, good ? c->order.version : 0,
		  status_name(c->answer.status), TRACE_FIELD(c->trace));
}

static void answer_change(struct order_command *command)
{
	struct change *change = (struct change *)command;
	struct http_response response;

	log_change(command);
	http_response_init(&response);
	if (command->answer.status == ST_OK)
		respond_changed(&response, command);
	else if (command->answer.status == ST_CONFLICT)
		respond_conflict(&response, command);
	else
		respond_failure(&response, &command->answer);
	http_send_deferred(change->deferred, &response);
	http_response_fini(&response);
	free(change);
}

/* NULL: answered with a problem. */
static struct change *new_change(enum order_command_kind kind, struct http_response *response)
{
	struct change *change = malloc(sizeof(*change));
	struct error err;

	if (change) {
		order_command_init(&change->command, kind, answer_change);
	} else {
		(void)error_set(&err, ST_UNAVAILABLE, "out of memory");
		http_respond_error(response, &err);
	}
	return change;
}

/* Takes change. Not good: the response says why. */
static void submit_if(bool good, struct order_api *api, struct change *change,
		      const struct http_request *request, struct http_response *response)
{
	if (!good) {
		free(change);
		return;
	}
	change->command.trace = request->trace;
	change->deferred = http_defer(request, response);
	api->submit(api->path, &change->command);
}

void order_api_place(void *context, const struct http_request *request,
		     struct http_response *response)
{
	struct change *change = new_change(COMMAND_PLACE, response);

	if (change)
		submit_if(read_idempotency_key(request, response, change) &&
				  read_content(request, response, ORDER_FIELDS_ALL,
					       ORDER_FIELDS_ALL, &change->command),
			  context, change, request, response);
}

void order_api_modify(void *context, const struct http_request *request,
		      struct http_response *response)
{
	struct change *change = new_change(COMMAND_MODIFY, response);

	if (change)
		submit_if(http_path_id(request, response, "id", &change->command.order_id) &&
				  read_conditions(request, response, &change->command.condition) &&
				  read_content(request, response, ORDER_FIELDS_CHANGEABLE, 0,
					       &change->command),
			  context, change, request, response);
}

void order_api_cancel(void *context, const struct http_request *request,
		      struct http_response *response)
{
	struct change *change = new_change(COMMAND_CANCEL, response);

	if (change)
		submit_if(http_path_id(request, response, "id", &change->command.order_id) &&
				  read_conditions(request, response, &change->command.condition),
			  context, change, request, response);
}

/* --- reads --------------------------------------------------------------------------------- */

void order_api_get(void *context, const struct http_request *request,
		   struct http_response *response)
{
	struct order_api *api = context;
	struct order_versions known = { 0 };
	struct order order;
	struct error err;
	int64_t id = 0;

	if (!http_path_id(request, response, "id", &id))
		return;
	if (!read_condition(request, response, "If-None-Match", false, &known))
		return;
	if (order_read(api->reads, id, &order, &err) != ST_OK)
		respond_failure(response, &err);
	else if (order_versions_have(&known, order.version))
		respond_not_modified(response, &order);
	else
		respond_order(response, 200, &order);
}

static void respond_page(struct http_response *response, const struct order *orders, size_t count,
			 int64_t limit)
{
	struct json_writer w;
	char next[96];

	json_writer_init(&w, ORDER_JSON_BYTES * (count + 1));
	json_writer_object(&w, NULL);
	json_writer_array(&w, "orders");
	for (size_t i = 0; i < count; i++)
		order_write_json(&w, NULL, &orders[i]);
	json_writer_array_end(&w);
	http_link_next(response, "/orders", count, limit, count ? orders[count - 1].id : 0, next);
	if (next[0])
		json_writer_text(&w, "next", next);
	json_writer_object_end(&w);
	http_respond_text(response, 200, "application/json", json_writer_take(&w));
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
