#include "common/otlp/otlp_sampler.h"

#include <stdlib.h>

const char *const otlp_sampler_names[] = {
	"always_on",
	"always_off",
	"traceidratio",
	"parentbased_always_on",
	"parentbased_always_off",
	"parentbased_traceidratio",
	NULL,
};

#define ALL (UINT64_C(1) << 63)

bool otlp_sampler_init(struct otlp_sampler *sampler, enum otlp_sampling sampling, const char *ratio)
{
	char *end = NULL;
	double part = strtod(ratio, &end);
	int way = (int)sampling % OTLP_PARENT_ALWAYS_ON;

	/* The comparison is false for what is no number. */
	if (end == ratio || *end || !(part >= 0 && part <= 1))
		return false;
	sampler->parent_based = sampling >= OTLP_PARENT_ALWAYS_ON;
	sampler->below = way == OTLP_ALWAYS_ON    ? ALL
			 : way == OTLP_ALWAYS_OFF ? 0
						  : (uint64_t)(part * (double)ALL);
	return true;
}

bool otlp_sampler_takes(const struct otlp_sampler *sampler, const struct trace_parent *parent,
			bool begins)
{
	uint64_t last = 0;

	if (sampler->parent_based && !begins)
		return parent->flags & TRACE_SAMPLED;
	for (size_t i = TRACE_ID_BYTES / 2; i < TRACE_ID_BYTES; i++)
		last = last << 8 | parent->id[i];
	return last >> 1 < sampler->below;
}
