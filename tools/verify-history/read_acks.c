#include "tools/verify-history/read_acks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"

static const char *const methods[EVENT_TYPE_COUNT] = { "POST", "PATCH", "DELETE" };

/* The next word, cut out of *at; "" at the end. */
static const char *word(char **at)
{
	char *text = *at;
	size_t len = strcspn(text, " \n");

	*at = text + len + (text[len] != '\0');
	text[len] = '\0';
	return text;
}

static bool number(char **at, int64_t min, int64_t max, int64_t *out)
{
	const char *text = word(at);

	return parse_i64(text, strlen(text), min, max, out);
}

static bool method(char **at, uint8_t *type)
{
	const char *text = word(at);

	for (uint8_t i = 0; i < EVENT_TYPE_COUNT; i++) {
		if (strcmp(methods[i], text) == 0) {
			*type = i;
			return true;
		}
	}
	return false;
}

static bool take_line(struct history *h, char *line)
{
	struct fact fact = { .source = FACT_ACK };
	int64_t order_id = 0, version = 0;
	struct history_order *order;

	if (!number(&line, 1, INT64_MAX, &fact.at_ms) || !method(&line, &fact.type) ||
	    !number(&line, 1, INT64_MAX, &order_id) || !number(&line, 0, INT32_MAX, &version) ||
	    *line != '\0' || (version == 0 && fact.type != EVENT_CANCELLED))
		return false;
	h->acknowledged++;
	fact.version = (int32_t)version;
	if (version > 0) {
		history_add(h, order_id, fact);
		return true;
	}
	order = history_order(h, order_id);
	if (order)
		order->cancel_ack_ms = fact.at_ms;
	return true;
}

static enum status take_lines(FILE *file, const char *path, struct history *h, struct error *err)
{
	char line[128];
	int64_t n = 0;

	while (fgets(line, sizeof(line), file)) {
		n++;
		if (!strchr(line, '\n') || !take_line(h, line))
			return error_set(err, ST_INVALID,
					 "ACKS=%s, line %" PRId64
					 " is not '<wall_ms> <POST|PATCH|DELETE> <order_id> "
					 "<version>'",
					 path, n);
	}
	return ferror(file) ? error_set(err, ST_NOT_FOUND, "ACKS=%s cannot be read", path) : ST_OK;
}

enum status read_acks(const char *path, struct history *h, struct error *err)
{
	FILE *file = fopen(path, "re");
	enum status st;

	if (!file)
		return error_set(err, ST_NOT_FOUND, "ACKS=%s: %s", path, strerror(errno));
	h->acks_given = true;
	st = take_lines(file, path, h, err);
	(void)fclose(file);
	return st;
}
