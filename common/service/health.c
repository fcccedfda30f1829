#include "common/service/health.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/http/http_json.h"
#include "common/service/process_metrics.h"
#include "common/service/watch.h"

#define METRICS_MAX_BYTES (512 * 1024) /* a line for each partition among it */
#define NOTE_MAX_BYTES    256
#define WHY_MAX_BYTES     1024

void health_live(void *context, const struct http_request *request, struct http_response *response)
{
	(void)context;
	(void)request;
	http_respond_json(response, 200, json_pack("{s:s}", "status", "alive"));
}

static void add_note(const struct health *health, json_t *root)
{
	char text[NOTE_MAX_BYTES] = "";
	struct strbuf out = STRBUF_ON(text);

	if (!health->note)
		return;
	health->note(health->context, &out);
	if (text[0])
		(void)json_object_set_new(root, health->note_name, json_string(text));
}

/* Each part as up or down, and under "why" what is known of those that stand still. */
static bool add_parts(const struct health *health, json_t *root)
{
	char text[WHY_MAX_BYTES] = "";
	struct strbuf why = STRBUF_ON(text);
	bool all = true;

	for (size_t i = 0; health->parts[i]; i++) {
		size_t before = why.len;
		bool stands;

		if (before > 0)
			strbuf_puts(&why, "; ");
		stands = progress_stands_still(health->parts[i], &why);
		if (!stands)
			text[why.len = before] = '\0';
		(void)json_object_set_new(root, health->parts[i]->name,
					  json_string(stands ? "down" : "up"));
		all = all && !stands;
	}
	if (!all)
		(void)json_object_set_new(root, "why", json_string(text));
	return all;
}

void health_ready(void *context, const struct http_request *request, struct http_response *response)
{
	const struct health *health = context;
	json_t *root = json_object();
	bool ready = true;

	(void)request;
	for (size_t i = 0; i < health->check_count; i++) {
		bool ok = health->checks[i].ok(health->checks[i].context);

		(void)json_object_set_new(root, health->checks[i].name,
					  json_string(ok ? "up" : "down"));
		ready = ready && ok;
	}
	ready = add_parts(health, root) && ready;
	add_note(health, root);
	(void)json_object_set_new(root, "status", json_string(ready ? "ready" : "not ready"));
	if (!ready)
		http_response_header(response, "Retry-After", "1");
	http_respond_json(response, ready ? 200 : 503, root);
}

void health_metrics(void *context, const struct http_request *request,
		    struct http_response *response)
{
	const struct health *health = context;
	struct metrics_out out = { .text = { .buf = malloc(METRICS_MAX_BYTES),
					     .size = METRICS_MAX_BYTES } };

	(void)request;
	if (out.text.buf) {
		out.text.buf[0] = '\0';
		health->metrics(health->context, &out);
		watch_metrics(health->parts, &out);
		process_metrics(&out);
	}
	/* Half of it would look like the whole. */
	if (out.text.overflow) {
		free(out.text.buf);
		http_respond_problem(response, 500, NULL, "the metrics are too long");
		return;
	}
	http_respond_text(response, 200, "text/plain; version=0.0.4; charset=utf-8", out.text.buf);
}
