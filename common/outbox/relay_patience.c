#include "common/outbox/relay_patience.h"

static int64_t limit(const struct relay_patience *p)
{
	return p->limit_ms ? p->limit_ms : RELAY_PATIENCE_MIN_MS;
}

void relay_patience_renew(struct relay_patience *p)
{
	*p = (struct relay_patience){ 0 };
}

void relay_patience_begin(struct relay_patience *p, int64_t now)
{
	if (!p->since_mono_ms)
		p->since_mono_ms = now;
}

void relay_patience_rest(struct relay_patience *p)
{
	p->since_mono_ms = 0;
}

bool relay_patience_is_over(const struct relay_patience *p, int64_t now)
{
	return p->since_mono_ms && now - p->since_mono_ms >= limit(p);
}

void relay_patience_lost(struct relay_patience *p)
{
	p->since_mono_ms = 0;
	p->limit_ms = 2 * limit(p);
	if (p->limit_ms > RELAY_PATIENCE_MAX_MS)
		p->limit_ms = RELAY_PATIENCE_MAX_MS;
}
