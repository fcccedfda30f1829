#include "tools/page/exposition.h"

#include <stdlib.h>
#include <string.h>

#define LABELS_MAX 256

/* A line of name: its labels into labels, its value. False: it is another's. */
static bool read_line(const char *line, const char *name, char labels[LABELS_MAX], double *value)
{
	size_t len = strlen(name);
	const char *end;

	labels[0] = '\0';
	if (strncmp(line, name, len) != 0)
		return false;
	line += len;
	if (*line == '{') {
		/* A label's value may hold braces, and no end of the line. */
		end = memmem(line, strcspn(line, "\n"), "} ", 2);
		if (!end || (size_t)(end - line) >= LABELS_MAX)
			return false;
		memcpy(labels, line + 1, (size_t)(end - line - 1));
		labels[end - line - 1] = '\0';
		line = end + 1;
	}
	if (*line != ' ')
		return false;
	*value = strtod(line, NULL);
	return true;
}

void exposition_each(const char *text, const char *name,
		     void (*take)(void *context, const char *labels, double value), void *context)
{
	char labels[LABELS_MAX];
	double value;

	for (const char *line = text; line && *line;) {
		if (read_line(line, name, labels, &value))
			take(context, labels, value);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
}

struct sum {
	const char *label;
	double value;
	bool any;
};

static void add(void *context, const char *labels, double value)
{
	struct sum *s = context;

	if (s->label && !strstr(labels, s->label))
		return;
	s->value += value;
	s->any = true;
}

bool exposition_sum(const char *text, const char *name, const char *label, double *sum)
{
	struct sum s = { .label = label };

	exposition_each(text, name, add, &s);
	if (s.any)
		*sum = s.value;
	return s.any;
}
