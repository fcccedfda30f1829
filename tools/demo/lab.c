#include "tools/demo/lab.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "common/runtime/command.h"
#include "tools/demo/event_line.h"
#include "tools/demo/lab_tables.h"

#define COMMAND_MS 180000
#define PUMP_MS    100

void lab_init(struct lab *lab, const struct lab_config *config, const struct catalogue *texts)
{
	*lab = (struct lab){ .config = config, .texts = texts, .show = true };
	screen_init(&lab->screen, stdout, texts);
}

void lab_fini(struct lab *lab)
{
	kafka_tail_close(lab->tail);
	pg_close(lab->pg);
	free(lab->seen);
}

enum status lab_goes_on(struct lab *lab, struct error *err)
{
	if (ferror(stdout))
		return error_set(err, ST_UNAVAILABLE, "nobody reads the output any more");
	if (atomic_load(&lab->stopped))
		return error_set(err, ST_UNAVAILABLE, "interrupted");
	return ST_OK;
}

/* --- the stack ----------------------------------------------------------------------------- */

/* What the command has said goes to stderr. */
static void tell_output(const char *path, int64_t from)
{
	char text[4096];

	command_read_output(path, from, text, sizeof(text));
	(void)fputs(text, stderr);
}

enum status lab_stack(struct lab *lab, void (*tick)(void *context), void *context,
		      const char *const *arguments, struct error *err)
{
	char log[4096];
	struct command command = { .arguments = { "stack/stack.sh" },
				   .output_path = log,
				   .timeout_ms = COMMAND_MS,
				   .cancel = &lab->stopped,
				   .tick = tick,
				   .context = context };
	int64_t before;

	if (lab_goes_on(lab, err) != ST_OK)
		return err->status;
	for (size_t i = 0; arguments[i]; i++)
		command.arguments[i + 1] = arguments[i];
	(void)snprintf(log, sizeof(log), "%s/log/stack.log", lab->config->run_dir);
	before = command_output_size(log);
	if (command_run(&command) == 0)
		return lab_goes_on(lab, err);
	if (lab_goes_on(lab, err) != ST_OK)
		return err->status;
	tell_output(log, before);
	return error_set(err, ST_INTERNAL, "stack/stack.sh %s failed: the reason is above",
			 arguments[0]);
}

enum status lab_connect(struct lab *lab, struct error *err)
{
	const struct pg_config pg = { .url = lab->config->database_url,
				      .application = "demo",
				      .tables = lab_tables };

	if (pg_open(&lab->pg, &pg, err) != ST_OK)
		return err->status;
	return kafka_tail_open(&lab->tail, &lab->config->kafka, -1, err);
}

/* --- the topic ----------------------------------------------------------------------------- */

static enum status keep(struct lab *lab, const struct seen_event *event, struct error *err)
{
	if (lab->seen_count == lab->seen_capacity) {
		size_t capacity = lab->seen_capacity > 0 ? 2 * lab->seen_capacity : 64;
		struct seen_event *seen = realloc(lab->seen, capacity * sizeof(*seen));

		if (!seen)
			return error_set(err, ST_INTERNAL, "out of memory");
		lab->seen = seen;
		lab->seen_capacity = capacity;
	}
	lab->seen[lab->seen_count++] = *event;
	return ST_OK;
}

enum status lab_pump(struct lab *lab, int timeout_ms, struct error *err)
{
	const struct message *message = kafka_tail_next(lab->tail, timeout_ms);
	struct seen_event event;

	if (lab_goes_on(lab, err) != ST_OK)
		return err->status;
	if (!message)
		return ST_OK;
	seen_event_read(&event, message);
	event.came_mono_ms = clock_mono_ms();
	if (lab->show)
		event_line_show(&lab->screen, &event);
	return keep(lab, &event, err);
}

const struct seen_event *lab_find(const struct lab *lab, int64_t order, const char *type)
{
	for (size_t i = lab->seen_count; i > 0; i--) {
		const struct seen_event *event = &lab->seen[i - 1];

		if (event->order == order && strcmp(event->type, type) == 0)
			return event;
	}
	return NULL;
}

/* --- waits --------------------------------------------------------------------------------- */

/* The first of the events that has not come; NULL: all have. */
static const char *missing(const struct lab *lab, int64_t order, const char *const *types)
{
	for (; *types; types++) {
		if (!lab_find(lab, order, *types))
			return *types;
	}
	return NULL;
}

static void show_wait(struct lab *lab, int64_t order)
{
	const struct seen_event *modified = lab_find(lab, order, "OrderModified");

	if (modified && lab->show && lab->config->delay_ms >= 1000)
		screen_wait(&lab->screen, catalogue_text(lab->texts, "demo.working"),
			    clock_mono_ms() - modified->came_mono_ms, lab->config->delay_ms);
}

enum status lab_await(struct lab *lab, int64_t order, const char *const *types, struct error *err)
{
	int64_t end_mono_ms = clock_mono_ms() + lab->config->delay_ms + LAB_GRACE_MS;
	const char *type;

	while ((type = missing(lab, order, types))) {
		if (clock_mono_ms() >= end_mono_ms)
			return error_set(err, ST_UNAVAILABLE,
					 "no %s of order %" PRId64 " on the topic; see %s/log",
					 type, order, lab->config->run_dir);
		show_wait(lab, order);
		if (lab_pump(lab, PUMP_MS, err) != ST_OK)
			return err->status;
	}
	screen_wait_over(&lab->screen);
	return ST_OK;
}

enum status lab_until(struct lab *lab, bool (*condition)(struct lab *lab), const char *what,
		      struct error *err)
{
	int64_t end_mono_ms = clock_mono_ms() + LAB_GRACE_MS;

	while (!condition(lab)) {
		if (clock_mono_ms() >= end_mono_ms)
			return error_set(err, ST_UNAVAILABLE,
					 "timed out after %d s waiting until %s; see %s/log",
					 LAB_GRACE_MS / 1000, what, lab->config->run_dir);
		if (lab_goes_on(lab, err) != ST_OK)
			return err->status;
		clock_pause_ms(PUMP_MS);
	}
	return ST_OK;
}
