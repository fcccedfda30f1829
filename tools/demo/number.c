#include "tools/demo/number.h"

#include <inttypes.h>
#include <stdio.h>

const char *number_text(char buffer[NUMBER_SIZE], int64_t value)
{
	(void)snprintf(buffer, NUMBER_SIZE, "%" PRId64, value);
	return buffer;
}

const char *number_seconds(char buffer[NUMBER_SIZE], int64_t ms)
{
	int64_t tenths = (ms < 0 ? -ms : ms) / 100;

	if (tenths % 10 == 0)
		return number_text(buffer, tenths / 10);
	(void)snprintf(buffer, NUMBER_SIZE, "%" PRId64 ".%d", tenths / 10, (int)(tenths % 10));
	return buffer;
}
