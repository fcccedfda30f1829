/*
 * Which of the traces that begin here are recorded: OpenTelemetry's samplers. One that came from
 * outside is recorded if its flags say so, with a sampler whose name begins with parentbased. Pure.
 *
 * Threads: any; read-only after init.
 */
#ifndef COMMON_OTLP_OTLP_SAMPLER_H
#define COMMON_OTLP_OTLP_SAMPLER_H

#include "common/trace/trace.h"

/* For OTEL_TRACES_SAMPLER, and their names. */
enum otlp_sampling {
	OTLP_ALWAYS_ON,
	OTLP_ALWAYS_OFF,
	OTLP_RATIO,
	OTLP_PARENT_ALWAYS_ON,
	OTLP_PARENT_ALWAYS_OFF,
	OTLP_PARENT_RATIO,
};
extern const char *const otlp_sampler_names[];

struct otlp_sampler {
	bool parent_based;
	uint64_t below; /* of 2^63: a trace is recorded if the last bits of its id are below */
};

/* ratio: OTEL_TRACES_SAMPLER_ARG, a number from 0 to 1. False: it is none. */
bool otlp_sampler_init(struct otlp_sampler *sampler, enum otlp_sampling sampling,
		       const char *ratio);

/* begins: the trace begins here. */
bool otlp_sampler_takes(const struct otlp_sampler *sampler, const struct trace_parent *parent,
			bool begins);

#endif
