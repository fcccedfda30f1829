#include "tools/demo/order.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tools/demo/call.h"

#define ANSWER_MS  30000
#define FIELDS_MAX 6

/* A field of the JSON, as httpie takes it: name=value. */
struct field {
	const char *name, *value;
};

/* httpie sends POST where there are fields and no method. */
static void show_call(struct lab *lab, const char *method, const char *path,
		      const struct field *fields)
{
	char command[512] = "";
	struct strbuf sb = STRBUF_ON(command);
	bool post = strcmp(method, "POST") == 0;

	strbuf_printf(&sb, "http %s%s:%d%s", post ? "" : method, post ? "" : " ",
		      lab->config->order_port, path);
	for (; fields->name; fields++)
		strbuf_printf(&sb, " %s=%s", fields->name, fields->value);
	screen_command(&lab->screen, command);
}

/* On one line that may break behind each member. */
static void add_members(struct strbuf *out, json_t *json)
{
	const char *between = "{", *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

		strbuf_printf(out, "%s\"%s\":%s", between, name, text ? text : "");
		free(text);
		between = ", ";
	}
	strbuf_puts(out, "}");
}

static void show_answer(struct lab *lab, const struct call_answer *answer, json_t *json)
{
	char text[2048] = "";
	struct strbuf sb = STRBUF_ON(text);

	screen_text(&lab->screen, STYLE_PLAIN, 0, answer->status_line);
	if (!json_is_object(json))
		return;
	add_members(&sb, json);
	screen_text(&lab->screen, STYLE_PLAIN, 1, text);
}

/* *id: of the answer; NULL: it does not matter. */
static enum status call(struct lab *lab, const char *method, const char *path,
			const struct field *fields, int64_t *id, struct error *err)
{
	struct call_answer answer;
	json_t *body = fields->name ? json_object() : NULL, *json;
	char *text;
	enum status st;

	for (const struct field *field = fields; field->name; field++)
		(void)json_object_set_new(body, field->name, json_string(field->value));
	text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	if (lab->show)
		show_call(lab, method, path, fields);
	st = call_make(method, lab->config->order_port, path, text, ANSWER_MS, &answer, err);
	free(text);
	if (st != ST_OK)
		return st;
	json = json_loadb(answer.body, answer.len, 0, NULL);
	if (lab->show)
		show_answer(lab, &answer, json);
	if (id)
		*id = json_integer_value(json_object_get(json, "id"));
	json_decref(json);
	if (answer.status / 100 != 2)
		return error_set(err, ST_REFUSED, "order-service refused %s %s: %s %.80s", method,
				 path, answer.status_line, answer.body);
	return ST_OK;
}

enum status order_place(struct lab *lab, const char *customer, const char *product,
			const char *address, int64_t *order, struct error *err)
{
	static const char *const started[] = { "OrderPlaced", "DeliveryStarted", NULL };
	const struct field fields[] = {
		{ "customerId", customer }, { "productId", "100" },
		{ "productName", product }, { "qty", "3" },
		{ "address", address },     { 0 },
	};

	if (call(lab, "POST", "/orders", fields, order, err) != ST_OK)
		return err->status;
	return lab_await(lab, *order, started, err);
}

enum status order_play(struct lab *lab, int64_t *order, struct error *err)
{
	static const struct field address[] = { { "address", "SEOUL" }, { 0 } }, none[] = { { 0 } };
	static const char *const modified[] = { "OrderModified", NULL };
	static const char *const all[] = { "OrderModified", "OrderCancelled", "DeliveryModified",
					   "DeliveryCancelled", NULL };
	char path[64];

	if (order_place(lab, "2000", "RADIO", "PUSAN", order, err) != ST_OK)
		return err->status;
	(void)snprintf(path, sizeof(path), "/orders/%" PRId64, *order);
	if (call(lab, "PATCH", path, address, NULL, err) != ST_OK)
		return err->status;
	if (lab->show && lab_await(lab, *order, modified, err) != ST_OK)
		return err->status;
	if (call(lab, "DELETE", path, none, NULL, err) != ST_OK)
		return err->status;
	return lab_await(lab, *order, all, err);
}
