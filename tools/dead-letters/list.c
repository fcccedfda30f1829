#include "tools/dead-letters/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/event/contract.h"
#include "common/runtime/clock.h"
#include "tools/dead-letters/text.h"

#define DETAIL_WIDTH 88

/* Where a letter came from, as text; it may say nothing, or only the topic. */
static void origin_text(const struct letter *letter, char *text, size_t size)
{
	if (!letter->topic[0])
		(void)snprintf(text, size, "unknown");
	else if (letter->partition < 0 || letter->offset < 0)
		(void)snprintf(text, size, "%s", letter->topic);
	else
		(void)snprintf(text, size, "%s %" PRId32 ":%" PRId64, letter->topic,
			       letter->partition, letter->offset);
}

static void put_time(const struct message *m)
{
	char when[CLOCK_TEXT_SIZE];

	clock_format_utc(m->timestamp_ms, when);
	(void)fputs(when, stdout);
}

/* A header's text; NULL without it. */
static const char *header(const struct message *m, const char *name, size_t *len)
{
	const char *text = NULL;

	*len = 0;
	return message_header_text(m, name, &text, len) ? text : NULL;
}

/* A letter that names no topic is skipped by a replay, and never sent without being asked. */
static const char *state_of(const struct letter *letter)
{
	if (!letter->replayed)
		return "no";
	return letter->topic[0] ? "yes" : "passed";
}

/* A line of its own below the row. */
static void put_detail(const void *bytes, size_t len, const char *without)
{
	(void)fputs("         ", stdout);
	(void)text_cut(bytes ? bytes : without, bytes ? len : strlen(without), DETAIL_WIDTH);
	(void)fputs("\n", stdout);
}

static void put_row(const struct letter *letter, bool several)
{
	const struct message *m = &letter->message.plain;
	char number[LETTER_NUMBER_SIZE], origin[TOPIC_NAME_MAX + 40];
	const char *text;
	size_t len;

	letter_number_text(letter, several, number);
	text_cell(number, strlen(number), 8);
	put_time(m);
	(void)fputs(" ", stdout);
	text_cell(m->key, m->key_len, 10);
	text = header(m, "type", &len);
	text_cell(text, len, 15);
	(void)printf("%-8s ", state_of(letter));
	origin_text(letter, origin, sizeof(origin));
	text_whole(origin, strlen(origin));
	text = header(m, CONTRACT_EXCEPTION_MESSAGE, &len);
	put_detail(text, len, "no reason given");
	put_detail(m->payload, m->payload_len, "(null)");
}

static void put_table_head(void)
{
	(void)printf("%-8s %-24s %-10s %-15s %-8s %s\n", "letter", "when", "key", "type",
		     "replayed", "from");
}

/* What there is to do about them. */
static void put_summary(int64_t count, int64_t waiting)
{
	if (count == 0) {
		(void)puts("no dead letters on " CONTRACT_DEAD_LETTER_TOPIC);
		return;
	}
	(void)printf("%" PRId64 " letter%s, %" PRId64 " not replayed\n", count,
		     count == 1 ? "" : "s", waiting);
	(void)puts("make dead-letters LETTER=n shows one in full; make replay sends back those not "
		   "replayed, LETTER=n one");
}

enum status list_all(struct letters *l, struct error *err)
{
	bool several = letters_partition_count(l) > 1;
	int64_t count = 0, waiting = 0;
	struct letter letter;

	for (int32_t p = 0; p < letters_partition_count(l); p++) {
		if (letters_seek(l, p, letters_first(l, p), err) != ST_OK)
			return err->status;
		while (letters_next(l, &letter, err) == ST_OK && letter.raw) {
			if (count++ == 0)
				put_table_head();
			waiting += !letter.replayed;
			put_row(&letter, several);
			letter_fini(&letter);
		}
		if (err->status != ST_OK)
			return err->status;
	}
	put_summary(count, waiting);
	return ST_OK;
}

static void put_headers(const struct message *m)
{
	if (m->header_count > 0)
		(void)puts("headers");
	for (size_t i = 0; i < m->header_count; i++) {
		const struct message_header *header = &m->headers[i];

		(void)fputs("  ", stdout);
		text_cell(header->name, strlen(header->name), 24);
		text_whole(header->value, header->len);
	}
}

enum status list_one(struct letters *l, const struct letter_number *number, struct error *err)
{
	char text[LETTER_NUMBER_SIZE], origin[TOPIC_NAME_MAX + 40];
	struct letter letter;
	const struct message *m;

	if (letters_find(l, number, &letter, err) != ST_OK)
		return err->status;
	m = &letter.message.plain;
	letter_number_text(&letter, letters_partition_count(l) > 1, text);
	origin_text(&letter, origin, sizeof(origin));
	(void)printf("letter    %s\nwhen      ", text);
	put_time(m);
	(void)fputs("\nfrom      ", stdout);
	text_whole(origin, strlen(origin));
	(void)printf("replayed  %s\nkey       ", state_of(&letter));
	text_whole(m->key, m->key_len);
	put_headers(m);
	(void)printf("payload, %zu bytes\n", m->payload_len);
	text_whole(m->payload, m->payload_len);
	letter_fini(&letter);
	return ST_OK;
}
