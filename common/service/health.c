#include "common/service/health.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/http/http_json.h"
#include "common/runtime/clock.h"
#include "common/service/process_metrics.h"
#include "common/service/watch.h"

#define METRICS_MAX_BYTES (512 * 1024) /* a line for each partition among it */
#define NOTE_MAX_BYTES    256
#define WHY_MAX_BYTES     1024

enum status health_open(struct health *health, struct error *err)
{
	for (size_t i = 0; i < health->check_count; i++) {
		const struct health_check *check = &health->checks[i];

		if (health_asker_open(&health->askers[i], check->name, check->ok, check->context,
				      err) != ST_OK)
			return err->status;
	}
	return ST_OK;
}

void health_close(struct health *health)
{
	for (size_t i = 0; i < health->check_count; i++)
		health_asker_close(health->askers[i]);
}

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

/* Between the two one reason may be added; "; " separates those that were. */
static void begin_reason(struct strbuf *why)
{
	if (why->len > 0)
		strbuf_puts(why, "; ");
}

static void end_reason(struct strbuf *why)
{
	if (why->len >= 2 && why->buf[why->len - 1] == ' ' && why->buf[why->len - 2] == ';')
		why->buf[why->len -= 2] = '\0';
}

static bool add(json_t *root, const char *name, bool ok)
{
	(void)json_object_set_new(root, name, json_string(ok ? "up" : "down"));
	return ok;
}

static bool add_checks(const struct health *health, json_t *root, struct strbuf *why)
{
	const int64_t deadline_mono_ms = clock_mono_ms() + HEALTH_WAIT_MS;
	int64_t numbers[HEALTH_CHECKS_MAX];
	bool all = true;

	for (size_t i = 0; i < health->check_count; i++)
		numbers[i] = health_asker_begin(health->askers[i]);
	for (size_t i = 0; i < health->check_count; i++) {
		begin_reason(why);
		all = add(root, health->checks[i].name,
			  health_asker_end(health->askers[i], numbers[i], deadline_mono_ms, why)) &&
		      all;
		end_reason(why);
	}
	return all;
}

static bool add_parts(const struct health *health, json_t *root, struct strbuf *why)
{
	bool all = true;

	for (size_t i = 0; health->parts[i]; i++) {
		begin_reason(why);
		all = add(root, health->parts[i]->name,
			  !progress_stands_still(health->parts[i], why)) &&
		      all;
		end_reason(why);
	}
	return all;
}

void health_ready(void *context, const struct http_request *request, struct http_response *response)
{
	const struct health *health = context;
	json_t *root = json_object();
	char text[WHY_MAX_BYTES] = "";
	struct strbuf why = STRBUF_ON(text);
	bool ready = add_checks(health, root, &why);

	(void)request;
	ready = add_parts(health, root, &why) && ready;
	if (text[0])
		(void)json_object_set_new(root, "why", json_string(text));
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

	/* What a check writes into the metrics must not be as old as the last /readyz. */
	for (size_t k = 0; k < health->check_count; k++)
		(void)health_asker_begin(health->askers[k]);
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
		http_respond_problem(response, HTTP_PROBLEM_INTERNAL_ERROR, NULL,
				     "the metrics are too long");
		return;
	}
	http_respond_text(response, 200, "text/plain; version=0.0.4; charset=utf-8", out.text.buf);
}
