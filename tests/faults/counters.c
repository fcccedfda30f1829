#include "tests/faults/counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/ask.h"

/* Of a page of metrics: the value of a sample without labels; 0 without it. */
static int64_t sample(const char *page, const char *name)
{
	char start[80];
	const char *line;

	(void)snprintf(start, sizeof(start), "\n%s ", name);
	line = strstr(page, start);
	return line ? (int64_t)strtod(line + strlen(start), NULL) : 0;
}

void counters_add(struct counters *counters, int port)
{
	long status;
	char *page = ask_get(port, "/metrics", &status);

	if (!page)
		return;
	atomic_fetch_add(&counters->recognised_repeats,
			 sample(page, "delivery_events_duplicate_total"));
	atomic_fetch_add(&counters->parked, sample(page, "delivery_events_parked_total"));
	free(page);
}
