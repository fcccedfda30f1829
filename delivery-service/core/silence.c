#include "delivery-service/core/silence.h"

int64_t silence_patience_ms(const struct silence *s)
{
	return s->patience_ms ? s->patience_ms : SILENCE_PATIENCE_MIN_MS;
}

void silence_answered(struct silence *s, int64_t took_ms, bool written)
{
	if (written && took_ms < SILENCE_PATIENCE_MIN_MS)
		s->patience_ms = 0;
	if (s->of_write && !written)
		return;
	s->since_mono_ms = 0;
	s->ms = 0;
	s->of_write = false;
}

void silence_failed(struct silence *s, int64_t began, int64_t now, bool writes)
{
	int64_t patience = silence_patience_ms(s);

	if (!s->since_mono_ms)
		s->since_mono_ms = began;
	s->ms = now - s->since_mono_ms;
	s->of_write |= writes;
	if (now - began >= patience)
		s->patience_ms = 2 * patience < SILENCE_PATIENCE_MAX_MS ? 2 * patience
									: SILENCE_PATIENCE_MAX_MS;
}
