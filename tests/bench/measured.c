#include "tests/bench/measured.h"

#include <stdlib.h>
#include <string.h>

bool measured_add(struct measured *m, const struct measured_value *value)
{
	if (m->count == MEASURED_MAX)
		return false;
	m->values[m->count++] = *value;
	return true;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool same_figure(const struct measured_value *a, const struct measured_value *b)
{
	return strcmp(a->subject, b->subject) == 0 && strcmp(a->figure, b->figure) == 0;
}

static double spread_of(const struct measured *m, const struct measured_value *which)
{
	double values[MEASURED_MAX] = { 0 }, median;
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++) {
		if (same_figure(&m->values[i], which))
			values[n++] = m->values[i].value;
	}
	qsort(values, n, sizeof(values[0]), by_value);
	median = (values[(n - 1) / 2] + values[n / 2]) / 2;
	return median > 0 ? (values[n - 1] - values[0]) / median : 0;
}

const struct measured_value *measured_unsteadiest(const struct measured *m, double *spread)
{
	const struct measured_value *worst = NULL;

	*spread = 0;
	for (size_t i = 0; i < m->count; i++) {
		double own = m->values[i].reference ? spread_of(m, &m->values[i]) : 0;

		if (own > *spread) {
			*spread = own;
			worst = &m->values[i];
		}
	}
	return worst;
}

void measured_write(struct measured *m, const char *which_case, FILE *out)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct measured_value *v = &m->values[i];

		(void)fprintf(out, "%s\t%s\t%s\t%.3f\n", which_case, v->subject, v->figure,
			      v->value);
	}
	(void)fflush(out);
	m->count = 0;
}
