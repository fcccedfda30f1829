#include "tests/bench/zipf.h"

#include <stdlib.h>

#define SEED 0x9e3779b97f4a7c15u

bool zipf_init(struct zipf *zipf, size_t count)
{
	double sum = 0;

	*zipf = (struct zipf){ .until = calloc(count, sizeof(*zipf->until)),
			       .versions = calloc(count, sizeof(*zipf->versions)),
			       .count = count,
			       .state = SEED };
	if (!zipf->until || !zipf->versions) {
		zipf_fini(zipf);
		return false;
	}
	for (size_t k = 0; k < count; k++) {
		sum += 1.0 / (double)(k + 1);
		zipf->until[k] = sum;
	}
	for (size_t k = 0; k < count; k++)
		zipf->until[k] /= sum;
	return true;
}

void zipf_fini(struct zipf *zipf)
{
	free(zipf->until);
	free(zipf->versions);
}

/* From 0 to below 1. Source: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
 * Generators, 2014). */
static double uniform(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (double)(z >> 11) / (double)(UINT64_C(1) << 53);
}

size_t zipf_draw(struct zipf *zipf, int32_t *version)
{
	double at = uniform(&zipf->state);
	size_t low = 0, high = zipf->count - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zipf->until[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	*version = ++zipf->versions[low];
	return low;
}
