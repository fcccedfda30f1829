#include "tools/dead-letters/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "tools/dead-letters/text.h"

#define REPORT_MAX_MS 30000
#define ANSWER_MS     10000
#define COMMIT_EVERY  100 /* letters: what a crash makes a next replay send again */

struct report {
	bool done;
	rd_kafka_resp_err_t code;
	int32_t partition;
	int64_t offset;
};

struct replay {
	struct letters *letters;
	rd_kafka_t *producer;
	_Atomic uint32_t turn;                /* the producer's */
	const char *topic;                    /* for letters that name none; empty: none */
	char known_topic[TOPIC_NAME_MAX + 1]; /* the last one found to exist */
	struct report report;                 /* of the one letter under way */
	int64_t sent, passed;
};

/* Runs on the replay's thread, inside rd_kafka_poll. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct replay *r = opaque;

	(void)rk;
	r->report = (struct report){ true, message->err, message->partition, message->offset };
}

enum status replay_open(struct replay **out, const struct kafka_settings *settings,
			struct letters *l, const char *topic, struct error *err)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return error_set(err, ST_INTERNAL, "out of memory");
	r->letters = l;
	r->topic = topic;
	if (kafka_client_producer(&r->producer, settings, on_report, r, &r->turn, err) != ST_OK) {
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
	rd_kafka_destroy(r->producer);
	free(r);
}

static bool stays_behind(const char *name)
{
	return strncmp(name, "x-exception-", 12) == 0 || strcmp(name, "x-replayed-from") == 0;
}

/* Returns owned. */
static rd_kafka_headers_t *headers_of(const rd_kafka_message_t *letter)
{
	rd_kafka_headers_t *from = NULL, *to = rd_kafka_headers_new(8);
	char place[LETTER_NUMBER_SIZE];
	const char *name;
	const void *value;
	size_t len;

	(void)rd_kafka_message_headers(letter, &from);
	for (size_t i = 0; from && rd_kafka_header_get_all(from, i, &name, &value, &len) ==
					   RD_KAFKA_RESP_ERR_NO_ERROR;
	     i++) {
		if (!stays_behind(name))
			(void)rd_kafka_header_add(to, name, -1, value, (ssize_t)len);
	}
	(void)snprintf(place, sizeof(place), "%" PRId32 ":%" PRId64, letter->partition,
		       letter->offset);
	(void)rd_kafka_header_add(to, "x-replayed-from", -1, place, -1);
	return to;
}

/* Else librdkafka would wait half a minute for the topic to be made. */
static enum status require_topic(struct replay *r, const char *name, struct error *err)
{
	rd_kafka_topic_t *topic;
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code;

	if (strcmp(r->known_topic, name) == 0)
		return ST_OK;
	topic = rd_kafka_topic_new(r->producer, name, NULL);
	if (!topic)
		return error_set(err, ST_INVALID, "'%s' is no topic's name", name);
	code = rd_kafka_metadata(r->producer, 0, topic, &metadata, ANSWER_MS);
	if (!code)
		code = metadata->topic_cnt == 1 ? metadata->topics[0].err
						: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(topic);
	if (code)
		return error_set(err, ST_UNAVAILABLE, "topic %s: %s", name, rd_kafka_err2str(code));
	(void)snprintf(r->known_topic, sizeof(r->known_topic), "%s", name);
	return ST_OK;
}

static enum status await_report(struct replay *r, struct error *err)
{
	int64_t end = clock_mono_ms() + REPORT_MAX_MS;

	while (!r->report.done && clock_mono_ms() < end)
		(void)rd_kafka_poll(r->producer, 100);
	if (!r->report.done) {
		(void)rd_kafka_purge(r->producer,
				     RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		return error_set(err, ST_UNAVAILABLE,
				 "no acknowledgement within %d s (it may have arrived: sending it "
				 "again has no second effect)",
				 REPORT_MAX_MS / 1000);
	}
	if (r->report.code)
		return error_set(err, ST_UNAVAILABLE, "%s", rd_kafka_err2str(r->report.code));
	return ST_OK;
}

static enum status send_letter(struct replay *r, const struct letter *letter, const char *topic,
			       struct error *err)
{
	const rd_kafka_message_t *m = letter->message;
	int32_t partition = m->key ? RD_KAFKA_PARTITION_UA : letter->partition;
	rd_kafka_headers_t *headers;
	rd_kafka_resp_err_t code;

	if (require_topic(r, topic, err) != ST_OK)
		return err->status;
	headers = headers_of(m);
	r->report = (struct report){ .done = false };
	/* -1, no partition said, is RD_KAFKA_PARTITION_UA. */
	code = rd_kafka_producev(
		r->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(m->key, m->key_len),
		RD_KAFKA_V_VALUE(m->payload, m->len), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
	if (code) {
		rd_kafka_headers_destroy(headers);
		return error_set(err, ST_UNAVAILABLE, "%s", rd_kafka_err2str(code));
	}
	return await_report(r, err);
}

static void say_sent(const struct replay *r, const struct letter *letter, const char *number,
		     const char *topic)
{
	const rd_kafka_message_t *m = letter->message;
	const char *type = NULL;
	size_t len = 0;

	(void)kafka_header(m, "type", &type, &len);
	(void)printf("letter %s, ", number);
	(void)text_cut(type, len, 18);
	(void)fputs(" key ", stdout);
	(void)text_cut(m->key, m->key_len, 20);
	(void)printf(" -> %s %" PRId32 ":%" PRId64 "\n", topic, r->report.partition,
		     r->report.offset);
}

/* ST_INVALID: it names no topic, and none was given. */
static enum status replay_letter(struct replay *r, const struct letter *letter, struct error *err)
{
	const char *topic = letter->topic[0] ? letter->topic : r->topic;
	char number[LETTER_NUMBER_SIZE];

	letter_number_text(letter, letters_partition_count(r->letters) > 1, number);
	if (!topic[0])
		return error_set(err, ST_INVALID,
				 "letter %s has no header x-original-topic: make replay LETTER=%s "
				 "TOPIC=... says where it goes",
				 number, number);
	if (send_letter(r, letter, topic, err) != ST_OK)
		return error_wrap(err, "letter %s not replayed", number);
	r->sent++;
	say_sent(r, letter, number, topic);
	return ST_OK;
}

/* One of the letters that wait. */
static enum status replay_next(struct replay *r, const struct letter *letter, struct error *err)
{
	const rd_kafka_message_t *m = letter->message;

	if (replay_letter(r, letter, err) == ST_INVALID) {
		r->passed++;
		(void)printf("skipped: %s\n", err->msg);
	} else if (err->status != ST_OK) {
		return err->status;
	}
	*err = (struct error){ .status = ST_OK };
	letters_move(r->letters, m->partition, m->offset + 1);
	return (r->sent + r->passed) % COMMIT_EVERY == 0 ? letters_commit(r->letters, err) : ST_OK;
}

static enum status replay_partition(struct replay *r, int32_t partition, struct error *err)
{
	int64_t position = letters_position(r->letters, partition);
	struct letter letter;

	if (letters_seek(r->letters, partition, position, err) != ST_OK)
		return err->status;
	while (letters_next(r->letters, &letter, err) == ST_OK && letter.message) {
		(void)replay_next(r, &letter, err);
		letter_fini(&letter);
		if (err->status != ST_OK)
			break;
	}
	if (err->status == ST_OK && position < letters_end(r->letters, partition))
		letters_move(r->letters, partition, letters_end(r->letters, partition));
	return err->status;
}

enum status replay_all(struct replay *r, struct error *err)
{
	struct error second = { 0 };

	*err = (struct error){ .status = ST_OK };
	for (int32_t p = 0; p < letters_partition_count(r->letters) && err->status == ST_OK; p++)
		(void)replay_partition(r, p, err);
	if (letters_commit(r->letters, &second) != ST_OK && err->status == ST_OK)
		*err = second;
	if (r->sent + r->passed == 0 && err->status == ST_OK)
		(void)puts("no letter waits to be replayed");
	else
		(void)printf("replayed: %" PRId64 "; what fails again comes back as a new letter, "
			     "see make dead-letters\n",
			     r->sent);
	return err->status;
}

/* The first letter of the partition that waits is this one. */
static enum status is_next(struct replay *r, const struct letter *letter, bool *out,
			   struct error *err)
{
	int32_t partition = letter->message->partition;
	struct letter next;

	*out = false;
	if (letter->replayed)
		return ST_OK;
	if (letters_seek(r->letters, partition, letters_position(r->letters, partition), err) !=
		    ST_OK ||
	    letters_next(r->letters, &next, err) != ST_OK)
		return err->status;
	*out = next.message && next.message->offset == letter->message->offset;
	letter_fini(&next);
	return ST_OK;
}

/* A position can only tell how far, not which: it moves past a letter only if that is the next. */
static enum status remember_one(struct replay *r, const struct letter *letter, struct error *err)
{
	const rd_kafka_message_t *m = letter->message;
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
	letters_move(r->letters, m->partition, m->offset + 1);
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
