#include "common/base/json_number.h"

#define REAL_EXACT_MAX 0x1p53 /* beyond it a real may stand for the number beside */

bool json_number_whole(const json_t *value, int64_t *out)
{
	double real = json_real_value(value);

	if (json_is_integer(value)) {
		*out = json_integer_value(value);
		return true;
	}
	if (!json_is_real(value) || real < -REAL_EXACT_MAX || real > REAL_EXACT_MAX ||
	    (double)(int64_t)real != real)
		return false;
	*out = (int64_t)real;
	return true;
}
