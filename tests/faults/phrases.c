#include "tests/faults/phrases.h"

#include <stdio.h>
#include <string.h>

const char *const phrases_of_scripts[] = { "ended while starting", "ended at once", "killing it",
					   NULL };

/* While something is broken the services are to say so. A stop while their servers hang is one that
 * STOP_TIMEOUT_MS ends. */
static bool is_awaited(const char *line)
{
	return strstr(line, " msg=\"a part stands still\"") ||
	       strstr(line, " msg=\"the stop takes too long");
}

static bool has_phrase(const char *line, size_t len)
{
	for (const char *const *phrase = phrases_of_scripts; *phrase; phrase++) {
		if (memmem(line, len, *phrase, strlen(*phrase)))
			return true;
	}
	return false;
}

bool phrases_find(const char **text, char *line, size_t size)
{
	while (**text) {
		const char *start = *text;
		size_t len = strcspn(start, "\n");

		*text = start + len + (start[len] == '\n');
		if (!has_phrase(start, len))
			continue;
		(void)snprintf(line, size, "%.*s", (int)len, start);
		return true;
	}
	return false;
}

/* The word after the time is the level. */
static bool is_error_record(const char *line)
{
	size_t time = strcspn(line, " ");

	return time > 0 && strncmp(line + time, " ERROR ", 7) == 0;
}

bool phrases_is_error(const char *line)
{
	if (is_error_record(line) && !is_awaited(line))
		return true;
	return strstr(line, "AddressSanitizer") || strstr(line, "LeakSanitizer") ||
	       strstr(line, "runtime error:");
}

bool phrases_is_loss(const char *line)
{
	return is_error_record(line) &&
	       (strstr(line, " msg=\"the database has forgotten what was committed\"") ||
		strstr(line, " msg=\"conflicting event: "));
}
