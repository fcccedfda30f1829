#include "common/service/watch.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/runtime/log.h"
#include "common/runtime/notify.h"
#include "common/service/stop_guard.h"

#define LOOK_MS 1000

static void look(const char *who, struct progress *part, bool *stood)
{
	char text[300] = "";
	struct strbuf out = STRBUF_ON(text);
	bool stands = progress_stands_still(part, &out);

	if (stands && !*stood)
		log_error(who, "a part stands still", "part=%s what=%s", part->name,
			  LOG_QUOTE(text));
	if (!stands && *stood)
		log_info(who, "a part goes on again", "part=%s", part->name);
	*stood = stands;
}

static const struct progress *find_hanging(struct progress *const *parts)
{
	for (size_t i = 0; i < WATCH_PARTS_MAX && parts[i]; i++) {
		if (progress_hangs(parts[i]))
			return parts[i];
	}
	return NULL;
}

static void feed_watchdog(const char *who, struct progress *const *parts, bool *hung)
{
	const struct progress *hanging = find_hanging(parts);

	if (hanging && !*hung)
		log_error(who, "a thread hangs, a watchdog would end the process", "part=%s",
			  LOG_QUOTE(hanging->name));
	*hung = hanging != NULL;
	if (!hanging)
		notify_manager("WATCHDOG=1");
}

void watch_until_stop(const char *who, struct progress *const *parts)
{
	bool stood[WATCH_PARTS_MAX] = { false }, hung = false;

	notify_manager("READY=1");
	while (stop_guard_wait(LOOK_MS) == 0) {
		for (size_t i = 0; i < WATCH_PARTS_MAX && parts[i]; i++)
			look(who, parts[i], &stood[i]);
		feed_watchdog(who, parts, &hung);
	}
	notify_manager("STOPPING=1");
}

void watch_metrics(struct progress *const *parts, struct metrics_out *out)
{
	static const char name[] = "service_progress_age_seconds";

	metrics_family(out, name, "gauge",
		       "Time since a part last got on; over its bound it stands still.");
	for (size_t i = 0; parts[i]; i++) {
		char label[64];

		(void)snprintf(label, sizeof(label), "part=\"%s\"", parts[i]->name);
		metrics_seconds(out, name, label, progress_age_ms(parts[i]));
	}
}
