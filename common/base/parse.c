#include "common/base/parse.h"

bool parse_i64(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
	bool negative = len > 0 && text[0] == '-';
	size_t i = negative ? 1 : 0;
	int64_t value = 0;

	if (i == len)
		return false;
	for (; i < len; i++) {
		int digit = text[i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		/* Counting downwards reaches INT64_MIN, which has no positive twin. */
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, digit, &value))
			return false;
	}
	if (!negative && __builtin_sub_overflow(0, value, &value))
		return false;
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}
