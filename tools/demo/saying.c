#include "tools/demo/saying.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 16
#define TEXT_MAX  4096

/* Cuts lines into names and values, in place. NULL ends them; false: too many. */
static bool cut(char *lines, const char *pairs[2 * PAIRS_MAX + 1])
{
	size_t n = 0;
	char *rest = lines, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		if (n == 2 * PAIRS_MAX)
			return false;
		*value++ = '\0';
		pairs[n++] = line;
		pairs[n++] = value;
	}
	pairs[n] = NULL;
	return true;
}

enum status saying_print(const struct catalogue *texts, const char *asked, FILE *out,
			 struct error *err)
{
	const char *pairs[2 * PAIRS_MAX + 1];
	char text[TEXT_MAX] = "";
	struct strbuf sb = STRBUF_ON(text);
	char *lines = strdup(asked), *rest = lines;
	const char *key = lines ? strsep(&rest, "\n") : "";
	bool fits = lines && (rest ? cut(rest, pairs) : cut(lines + strlen(lines), pairs));

	if (fits)
		catalogue_add_list(texts, &sb, key, pairs);
	if (fits && !sb.overflow)
		(void)fprintf(out, "%s\n", text);
	else
		(void)error_set(err, ST_INVALID, "SAY is too long");
	fits = fits && !sb.overflow;
	free(lines);
	return fits ? ST_OK : ST_INVALID;
}
