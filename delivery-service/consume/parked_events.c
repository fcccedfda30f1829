#include "delivery-service/consume/parked_events.h"

#include <inttypes.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define RESUME_EVERY_MS 1000
#define WARN_AFTER_MS   60000
#define WARN_AGAIN_MS   60000
#define DESCRIPTION_MAX 160

void parked_events_applied(struct parked_events *p, const struct batch_applied *applied)
{
	if (applied->more) {
		p->resume_all = true;
		p->next_mono_ms = 0;
	}
}

void parked_events_request_all(struct parked_events *p)
{
	p->resume_all = true;
}

int64_t parked_events_due(const struct parked_events *p)
{
	return p->next_mono_ms;
}

static int64_t age_ms(const struct parked_events *p)
{
	int64_t age = clock_wall_ms() - atomic_load(&p->oldest_wall_ms);

	return age > 0 && atomic_load(&p->count) > 0 ? age : 0;
}

void parked_events_describe(const struct parked_events *p, struct strbuf *out)
{
	int64_t count = atomic_load(&p->count);

	if (count == 0)
		return;
	strbuf_printf(out,
		      "%" PRId64 " event%s, the oldest for %" PRId64 " s: order %" PRId64
		      " waits for version %" PRId64,
		      count, count == 1 ? "" : "s", age_ms(p) / 1000, atomic_load(&p->order_id),
		      atomic_load(&p->missing));
}

static void warn_of_old(struct parked_events *p)
{
	char text[DESCRIPTION_MAX] = "";
	struct strbuf out = STRBUF_ON(text);

	if (age_ms(p) < WARN_AFTER_MS || !log_due(&p->next_warning_mono_ms, WARN_AGAIN_MS))
		return;
	parked_events_describe(p, &out);
	log_warn("delivery", "parked event overdue", "parked=%s", LOG_QUOTE(text));
}

static enum status count(struct parked_events *p, struct delivery_store *store, struct error *err)
{
	struct delivery_parked parked;

	if (delivery_store_parked(store, &parked, err) != ST_OK)
		return err->status;
	atomic_store(&p->count, parked.count);
	atomic_store(&p->oldest_wall_ms, parked.oldest_wall_ms);
	atomic_store(&p->order_id, parked.order_id);
	atomic_store(&p->missing, parked.missing);
	warn_of_old(p);
	return ST_OK;
}

static enum status resume(struct parked_events *p, struct batch_apply *apply, struct error *err)
{
	struct batch_applied applied;
	struct error ignored;

	if (batch_apply_resume(apply, p->resume_all, &applied, err) != ST_OK) {
		if (err->status != ST_UNAVAILABLE) /* they wait, whatever is wrong with one */
			(void)count(p, apply->store, &ignored);
		return err->status;
	}
	p->resume_all = false;
	parked_events_applied(p, &applied);
	return count(p, apply->store, err);
}

void parked_events_resume(struct parked_events *p, struct batch_apply *apply)
{
	int64_t now = clock_mono_ms();
	struct error err;

	if (now < p->next_mono_ms)
		return;
	p->next_mono_ms = now + RESUME_EVERY_MS;
	if (resume(p, apply, &err) != ST_OK && log_due(&p->next_log_mono_ms, 5000))
		log_warn("delivery", "cannot resume parked events, will retry", "error=%s",
			 LOG_QUOTE(err.msg));
}

void parked_events_metrics(const struct parked_events *p, struct metrics_out *out)
{
	metrics_one(out, "delivery_parked_events", "gauge",
		    "Events that wait for a predecessor, in all replicas (10000: or more).",
		    atomic_load(&p->count));
	metrics_one(out, "delivery_parked_oldest_seconds", "gauge",
		    "How long the oldest of them has waited.", age_ms(p) / 1000);
}
