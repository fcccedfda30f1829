#include "tests/simulation/sim_judge_place.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/contract.h"
#include "common/outbox/outbox_headers.h"
#include "tests/simulation/sim_operator.h"
#include "tests/simulation/sim_world.h"

/* One judge a world. */
static struct place_judge {
	const struct sim_topic *topic;
	const struct sim_database *database;
	struct {
		int64_t read;  /* as far as the log before this one was */
		bool replaced; /* the position may still be one of that */
		int64_t times; /* that it went back */
	} logs[SIM_PARTITIONS];
	struct sim_table letters; /* places whose message became a dead letter: how often */
	struct sim_table deleted; /* places whose message was lost */
	struct sim_table lost;    /* (order, version): what it said; (order, 0) */
} judge;

void sim_judge_place_begin(const struct sim_topic *topic, const struct sim_database *database)
{
	judge.topic = topic;
	judge.database = database;
}

static const struct sim_message *message_at(int64_t partition, int64_t offset)
{
	const struct sim_partition *p = &judge.topic->partitions[partition];

	return offset < p->count ? &p->messages[offset] : NULL;
}

/* The one before, as long as it may be that one which is meant. */
static const struct sim_message *old_message_at(int64_t partition, int64_t offset)
{
	const struct sim_partition *p = &judge.topic->partitions[partition];

	return judge.logs[partition].replaced && offset < p->old_count ? &p->old[offset] : NULL;
}

static bool is_of(const struct sim_row *row, const struct sim_message *m)
{
	const struct sim_value *v = row->written;

	return m && m->readable && !m->open && !m->aborted && m->order_id == row->key[0] &&
	       m->version == row->key[1] && m->content == v->number[2];
}

bool sim_judge_place_is_of(const struct sim_row *row)
{
	const struct sim_value *v = row->written;

	return is_of(row, message_at(v->number[0], v->number[1])) || sim_judge_place_is_of_old(row);
}

bool sim_judge_place_is_of_old(const struct sim_row *row)
{
	const struct sim_value *v = row->written;
	const struct sim_partition *p = &judge.topic->partitions[v->number[0]];

	return v->number[1] < p->old_count && is_of(row, &p->old[v->number[1]]);
}

static bool has(const struct sim_session *s, enum sim_table_name name, int64_t a, int64_t b)
{
	return sim_table_see(sim_table_find(&judge.database->tables[name], a, b, 0), s) != NULL;
}

/* In the log that is there. */
static bool is_noted(const struct sim_table *places, int64_t partition, int64_t offset)
{
	return sim_table_find(places, partition, offset, judge.logs[partition].times) != NULL;
}

static bool is_letter(int64_t partition, int64_t offset)
{
	const struct sim_row *row =
		sim_table_find(&judge.letters, partition, offset, judge.logs[partition].times);

	return row && row->committed->number[0] > 0;
}

static bool is_done(const struct sim_session *s, const struct sim_message *m)
{
	if (!m || m->open)
		return false;
	if (m->hole || m->aborted || !m->ours ||
	    is_letter(m->plain.at.partition, m->plain.at.offset))
		return true;
	if (!m->readable)
		return false;
	if (m->version == 0)
		return has(s, T_PLAIN, m->plain.at.partition, m->plain.at.offset);
	return has(s, T_HISTORY, m->order_id, m->version) ||
	       has(s, T_PARKED, m->order_id, m->version);
}

static bool is_finished(const struct sim_session *s, int64_t partition, int64_t offset)
{
	return is_done(s, message_at(partition, offset)) ||
	       is_done(s, old_message_at(partition, offset)) ||
	       is_noted(&judge.deleted, partition, offset);
}

void sim_judge_place_covered(const struct sim_session *s, int64_t partition, int64_t from,
			     int64_t end, const char *what)
{
	for (int64_t offset = from; offset < end; offset++) {
		const struct sim_message *m = message_at(partition, offset);

		if (is_finished(s, partition, offset))
			continue;
		sim_world_violation("%s of partition %" PRId64 " (%" PRId64 " to %" PRId64
				    ") covers offset %" PRId64 ", order %" PRId64
				    " version %d, which is not finished",
				    what, partition, from, end, offset, m ? m->order_id : -1,
				    m ? (int)m->version : 0);
		return;
	}
}

/* --- what was deleted ---------------------------------------------------------------------- */

static void lose_event(const struct sim_message *m)
{
	if (!m->readable || m->version == 0 || sim_judge_place_lost(m->order_id, m->version))
		return;
	(void)sim_table_row(&judge.lost, m->order_id, 0, 0);
	(void)sim_table_row(&judge.lost, m->order_id, m->version, 0);
	sim_operator_gap(m->order_id, m->version);
}

static void lose(int64_t partition, int64_t offset)
{
	if (is_finished(NULL, partition, offset))
		return;
	(void)sim_table_row(&judge.deleted, partition, offset, judge.logs[partition].times);
	lose_event(message_at(partition, offset));
}

static int64_t field(const char *fields, const char *name)
{
	const char *at = strstr(fields, name);

	return at ? strtoll(at + strlen(name), NULL, 10) : -1;
}

void sim_judge_place_logged(const char *who, const char *msg, const char *fields)
{
	int64_t partition = field(fields, "partition="), from = field(fields, "from=");
	int64_t to = field(fields, "to=");
	bool first = strcmp(msg, "the log began later than the first read of it") == 0;

	if (!first && strcmp(msg, "Kafka deleted messages before they were read") != 0)
		return;
	if (to >= judge.topic->partitions[partition].start || (first && from != 0)) {
		sim_world_violation("%s says that %s: %s", who, msg, fields);
		return;
	}
	for (int64_t offset = from; offset <= to; offset++)
		lose(partition, offset);
}

bool sim_judge_place_lost(int64_t order, int64_t version)
{
	return sim_table_find(&judge.lost, order, version, 0) != NULL;
}

bool sim_judge_place_lost_any(int64_t order)
{
	return sim_judge_place_lost(order, 0);
}

/* --- a topic that is re-created ------------------------------------------------------------ */

void sim_judge_place_recreated(int32_t partition, int64_t read)
{
	const struct sim_partition *p = &judge.topic->partitions[partition];

	for (int64_t offset = p->start; offset < p->count; offset++) {
		if (!is_done(NULL, &p->messages[offset]))
			lose_event(&p->messages[offset]);
	}
	judge.logs[partition].read = read;
	judge.logs[partition].replaced = true;
}

void sim_judge_place_appended(const struct sim_message *m)
{
	const struct topic_offset at = m->plain.at;

	if (strcmp(m->plain.topic, judge.topic->name) == 0 && judge.logs[at.partition].replaced &&
	    at.offset < judge.logs[at.partition].read)
		lose_event(m);
}

static bool is_kept_twice(int64_t partition, int64_t offset)
{
	const struct sim_partition *p = &judge.topic->partitions[partition];

	for (int i = 0; i < p->twice_count; i++) {
		if (offset >= p->twice[i].first && offset < p->twice[i].end)
			return true;
	}
	return false;
}

bool sim_judge_place_comes_again(int64_t partition, int64_t offset)
{
	const struct sim_partition *p = &judge.topic->partitions[partition];

	return p->twice_count > 0 && offset >= p->twice[0].first;
}

bool sim_judge_place_goes_back(int64_t partition, int64_t to)
{
	bool replaced = judge.logs[partition].replaced;

	if (to > 0)
		return replaced || is_kept_twice(partition, to);
	judge.logs[partition].times += replaced;
	judge.logs[partition].replaced = false;
	return replaced;
}

/* --- dead letters -------------------------------------------------------------------------- */

/* Where the message of a dead letter lies. */
static void read_letter(const struct sim_value *row, int64_t *partition, int64_t *offset)
{
	size_t count;
	struct message_header *list = outbox_headers_decode(row->text[3].bytes, &count);
	const struct message letter = { .headers = list, .header_count = count };

	*partition = *offset = -1;
	(void)message_header_number(&letter, CONTRACT_ORIGIN_PARTITION, INT32_MAX, partition);
	(void)message_header_number(&letter, CONTRACT_ORIGIN_OFFSET, INT64_MAX, offset);
	free(list);
}

/* There are two if the answer to the commit of one was lost; a fail-over may forget the second. */
static void count_letter(const struct sim_value *row, int64_t more)
{
	int64_t partition, offset;
	struct sim_value value = { .number = { more } };
	struct sim_row *letter;

	read_letter(row, &partition, &offset);
	letter = sim_table_row(&judge.letters, partition, offset, judge.logs[partition].times);
	if (letter->committed)
		value.number[0] += letter->committed->number[0];
	sim_server_write_now(letter, &value);
}

void sim_judge_place_letter(const struct sim_value *row)
{
	count_letter(row, 1);
}

void sim_judge_place_forget_letter(const struct sim_value *was)
{
	count_letter(was, -1);
}
