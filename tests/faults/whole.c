#include "tests/faults/whole.h"

#include <inttypes.h>

#include "common/base/strbuf.h"
#include "common/runtime/clock.h"
#include "tests/faults/look.h"
#include "tests/faults/sessions.h"
#include "tests/support/wait.h"

#define BETWEEN_MS 200

static void tell_services(const struct look *look, part_set services, struct strbuf *why)
{
	for (int part = 0; part < PART_COUNT; part++) {
		if (services & ~look->ready & PART_BIT(part))
			strbuf_printf(why, " %s: %.100s;", part_name((enum part)part),
				      look->why[part]);
	}
}

/* Adds what is not whole; nothing: everything is. */
static void tell(struct run *run, const struct look *look, struct strbuf *why)
{
	int64_t lag = look_lag(look), sessions = sessions_of_server(run),
		connections = sessions_of_services(run);

	tell_services(look, settings_services(atomic_load(&run->replicas)), why);
	if (!look->kafka)
		strbuf_puts(why, " Kafka does not answer;");
	if (!look->database)
		strbuf_puts(why, " the database does not answer;");
	if (look->outbox[0] > 0)
		strbuf_printf(why, " orders.outbox is at %" PRId64 ";", look->outbox[0]);
	if (look->outbox[1] > 0)
		strbuf_printf(why, " delivery.outbox is at %" PRId64 ";", look->outbox[1]);
	if (lag > 0)
		strbuf_printf(why, " messages that are not done: %" PRId64 ";", lag);
	if (sessions > connections)
		strbuf_printf(why, " sessions: %" PRId64 ", the services have %" PRId64 ";",
			      sessions, connections);
}

/* Looks until nothing is left to tell, or the time is over. */
static bool await(struct run *run, struct looker *looker, int64_t end_mono_ms, struct strbuf *why)
{
	do {
		why->len = 0;
		why->buf[0] = '\0';
		tell(run, look_take(looker), why);
		if (why->len == 0)
			return true;
		run_pause(run, BETWEEN_MS);
	} while (clock_mono_ms() < end_mono_ms && !atomic_load(&run->interrupted));
	return false;
}

int64_t whole_await(struct run *run, int64_t since_mono_ms)
{
	struct looker *looker = NULL;
	struct error err;
	char text[600] = "";
	struct strbuf why = STRBUF_ON(text);
	bool whole;

	if (look_open(&looker, run, &err) != ST_OK) {
		journal_violation(&run->journal, "%s", err.msg);
		return -1;
	}
	whole = await(run, looker, since_mono_ms + wait_stretch(WHOLE_MS), &why);
	look_close(looker);
	if (whole)
		return clock_mono_ms() - since_mono_ms;
	if (!atomic_load(&run->interrupted))
		journal_violation(&run->journal, "not whole in time after the last fault:%.500s",
				  text);
	return -1;
}
