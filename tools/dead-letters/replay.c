#include "tools/dead-letters/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/dead-letters/replay_send.h"
#include "tools/dead-letters/text.h"

#define COMMIT_EVERY 100 /* letters: what a crash makes a next replay send again */

struct replay {
	struct letters *letters;
	struct replay_send *sender;
	const char *topic; /* for letters that name none; empty: none */
	int64_t sent;
	int64_t kept;    /* refused, and put back as letters at the end of the dead-letter topic */
	int64_t skipped; /* no topic known; or refused, and could not be put back either */
};

enum status replay_open(struct replay **out, const struct kafka_settings *settings,
			struct letters *l, const char *topic, struct error *err)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return error_set(err, ST_INTERNAL, "out of memory");
	r->letters = l;
	r->topic = topic;
	if (replay_send_open(&r->sender, settings, err) != ST_OK) {
		free(r);
		return err->status;
	}
	*out = r;
	return ST_OK;
}

void replay_close(struct replay *r)
{
	if (!r)
		return;
	replay_send_close(r->sender);
	free(r);
}

/* --- one letter ---------------------------------------------------------------------------- */

static bool several(const struct replay *r)
{
	return letters_partition_count(r->letters) > 1;
}

static void say_sent(const struct message *m, const char *number, const char *topic,
		     struct topic_offset at)
{
	const char *type = NULL;
	size_t len = 0;

	(void)message_header_text(m, "type", &type, &len);
	(void)printf("letter %s, ", number);
	(void)text_cut(type, len, 18);
	(void)fputs(" key ", stdout);
	(void)text_cut(m->key, m->key_len, 20);
	(void)printf(" -> %s %" PRId32 ":%" PRId64 "\n", topic, at.partition, at.offset);
}

/* ST_INVALID: it names no topic, and none was given. Others as replay_send_letter's. */
static enum status replay_letter(struct replay *r, const struct letter *letter, struct error *err)
{
	const char *topic = letter->topic[0] ? letter->topic : r->topic;
	const struct message *m = &letter->message.plain;
	char number[LETTER_NUMBER_SIZE];
	struct topic_offset at;

	letter_number_text(letter, several(r), number);
	if (!topic[0])
		return error_set(err, ST_INVALID,
				 "letter %s has no header x-original-topic: make replay LETTER=%s "
				 "TOPIC=... says where it goes",
				 number, number);
	if (replay_send_letter(r->sender, m, topic, letter->partition, &at, err) != ST_OK)
		return error_wrap(err, "letter %s not replayed", number);
	r->sent++;
	say_sent(m, number, topic, at);
	return ST_OK;
}

/* --- all of them --------------------------------------------------------------------------- */

/* A letter that was refused for the reason in err: it goes behind the others, with that reason. */
static enum status keep_letter(struct replay *r, const struct letter *letter, struct error *err)
{
	char number[LETTER_NUMBER_SIZE], again[LETTER_NUMBER_SIZE];
	struct topic_offset at;
	struct error second = { 0 };

	letter_number_text(letter, several(r), number);
	if (replay_send_back(r->sender, &letter->message.plain, err->msg, &at, &second) == ST_OK) {
		letter_number_write(at, several(r), again);
		(void)printf("refused: %s; kept as letter %s\n", err->msg, again);
		r->kept++;
	} else if (second.status == ST_CONFLICT) {
		(void)printf("refused: %s; it cannot be kept behind the others either (%s): make "
			     "replay LETTER=%s sends it once that is mended\n",
			     err->msg, second.msg, number);
		r->skipped++;
	} else {
		*err = second;
		return error_wrap(err, "letter %s refused, and not kept", number);
	}
	return ST_OK;
}

/* One of the letters that wait. */
static enum status replay_next(struct replay *r, const struct letter *letter, struct error *err)
{
	struct topic_offset at = letter->message.plain.at;

	switch (replay_letter(r, letter, err)) {
	case ST_OK:
		break;
	case ST_INVALID:
		r->skipped++;
		(void)printf("skipped: %s\n", err->msg);
		break;
	case ST_CONFLICT:
		if (keep_letter(r, letter, err) == ST_OK)
			break;
		return err->status;
	default:
		return err->status;
	}
	*err = (struct error){ .status = ST_OK };
	letters_move(r->letters, at.partition, at.offset + 1);
	return (r->sent + r->kept + r->skipped) % COMMIT_EVERY == 0
		       ? letters_commit(r->letters, err)
		       : ST_OK;
}

static enum status replay_partition(struct replay *r, int32_t partition, struct error *err)
{
	int64_t position = letters_position(r->letters, partition);
	struct letter letter;

	if (letters_seek(r->letters, partition, position, err) != ST_OK)
		return err->status;
	while (letters_next(r->letters, &letter, err) == ST_OK && letter.raw) {
		(void)replay_next(r, &letter, err);
		letter_fini(&letter);
		if (err->status != ST_OK)
			break;
	}
	if (err->status == ST_OK && position < letters_end(r->letters, partition))
		letters_move(r->letters, partition, letters_end(r->letters, partition));
	return err->status;
}

static void say_summary(const struct replay *r)
{
	if (r->sent + r->kept + r->skipped == 0) {
		(void)puts("no letter waits to be replayed");
		return;
	}
	(void)printf("replayed: %" PRId64 "; what fails again comes back as a new letter, see make "
		     "dead-letters\n",
		     r->sent);
	if (r->skipped > 0)
		(void)printf("skipped: %" PRId64 ", see above\n", r->skipped);
	if (r->kept > 0)
		(void)printf("refused: %" PRId64 ", kept at the end of the dead letters with the "
			     "reason; make replay tries them again\n",
			     r->kept);
}

enum status replay_all(struct replay *r, struct error *err)
{
	struct error second = { 0 };

	*err = (struct error){ .status = ST_OK };
	for (int32_t p = 0; p < letters_partition_count(r->letters) && err->status == ST_OK; p++)
		(void)replay_partition(r, p, err);
	if (letters_commit(r->letters, &second) != ST_OK && err->status == ST_OK)
		*err = second;
	if (r->sent + r->kept + r->skipped > 0 || err->status == ST_OK)
		say_summary(r);
	if (err->status == ST_OK && r->kept + r->skipped > 0)
		return error_set(err, ST_CONFLICT, "letters not replayed: %" PRId64,
				 r->kept + r->skipped);
	return err->status;
}

/* The first letter of the partition that waits is this one. */
static enum status is_next(struct replay *r, const struct letter *letter, bool *out,
			   struct error *err)
{
	struct topic_offset at = letter->message.plain.at;
	struct letter next;

	*out = false;
	if (letter->replayed)
		return ST_OK;
	if (letters_seek(r->letters, at.partition, letters_position(r->letters, at.partition),
			 err) != ST_OK ||
	    letters_next(r->letters, &next, err) != ST_OK)
		return err->status;
	*out = next.raw && next.raw->offset == at.offset;
	letter_fini(&next);
	return ST_OK;
}

/* A position can only tell how far, not which: it moves past a letter only if that is the next. */
static enum status remember_one(struct replay *r, const struct letter *letter, struct error *err)
{
	struct topic_offset at = letter->message.plain.at;
	bool next = false;

	if (is_next(r, letter, &next, err) != ST_OK)
		return err->status;
	if (letter->replayed)
		return ST_OK;
	if (!next) {
		(void)puts(
			"letters before it wait, so it still counts as not replayed: make replay "
			"sends it again, without a second effect");
		return ST_OK;
	}
	letters_move(r->letters, at.partition, at.offset + 1);
	return letters_commit(r->letters, err);
}

enum status replay_one(struct replay *r, const struct letter_number *number, struct error *err)
{
	struct letter letter;

	if (letters_find(r->letters, number, &letter, err) != ST_OK)
		return err->status;
	if (replay_letter(r, &letter, err) == ST_OK)
		(void)remember_one(r, &letter, err);
	letter_fini(&letter);
	return err->status;
}
