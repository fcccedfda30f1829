#include "common/outbox/relay_committed.h"

#include <jansson.h>

#define VERSION 1

/* --- encoding ------------------------------------------------------------------------------ */

struct run {
	int64_t id, count, created_us;
};

static bool goes_on(const struct run *run, const struct relay_row *row)
{
	return run->count > 0 && row->id == run->id + run->count &&
	       row->created_us == run->created_us;
}

static void put_run(json_t *runs, const struct run *run)
{
	if (run->count > 0)
		(void)json_array_append_new(runs, json_pack("[I, I, I]", (json_int_t)run->id,
							    (json_int_t)run->count,
							    (json_int_t)run->created_us));
}

static json_t *runs_of(const struct relay_ledger *ledger)
{
	json_t *runs = json_array();
	struct run run = { 0 };

	for (size_t i = 0; i < ledger->count; i++) {
		const struct relay_row *row = &ledger->rows[i];

		if (row->verdict != RELAY_OUTSTANDING)
			continue;
		if (!goes_on(&run, row)) {
			put_run(runs, &run);
			run = (struct run){ .id = row->id, .created_us = row->created_us };
		}
		run.count++;
	}
	put_run(runs, &run);
	return runs;
}

char *relay_committed_encode(const struct relay_ledger *ledger)
{
	json_t *root = json_pack("{s:i, s:o}", "v", VERSION, "runs", runs_of(ledger));
	char *text = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	return text;
}

/* --- decoding ------------------------------------------------------------------------------ */

static bool take_run(struct relay_committed *c, json_t *item)
{
	json_int_t id, count, created;

	if (json_unpack(item, "[I, I, I!]", &id, &count, &created) != 0)
		return false;
	if (count < 0 || count > (json_int_t)(RELAY_BATCH_MAX - c->count) || id > INT64_MAX - count)
		return false;
	for (json_int_t i = 0; i < count; i++) {
		c->rows[c->count].id = id + i;
		c->rows[c->count].created_us = created;
		c->count++;
	}
	return true;
}

bool relay_committed_decode(struct relay_committed *c, const char *text)
{
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *runs = NULL;
	int version = 0;
	bool good = root && json_unpack(root, "{s:i, s:o}", "v", &version, "runs", &runs) == 0 &&
		    version == VERSION && json_is_array(runs);

	c->count = 0;
	for (size_t i = 0; good && i < json_array_size(runs); i++)
		good = take_run(c, json_array_get(runs, i));
	json_decref(root);
	return good;
}
