/* Any messages, rows and acknowledgements as the history that verify-history judges: it comes to a
 * verdict, and each violation has words. */
#include <assert.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz_input.h"
#include "tools/verify-history/judge.h"
#include "tools/verify-history/report_case.h"
#include "tools/verify-history/row_facts.h"
#include "tools/verify-history/topic_facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- rows ---------------------------------------------------------------------------------- */

/* n: a number of eight bytes, as the server sends it; t: a text, never null. */
static const struct {
	const char *columns;
	row_facts_take *take;
} tables[] = {
	{ "nntnttntn", row_facts_order },    { "nnttnntn", row_facts_effect },
	{ "nntnttntn", row_facts_delivery }, { "nnn", row_facts_skipped },
	{ "nntnnn", row_facts_parked },      { "bnt", row_facts_refused },
	{ "bnn", row_facts_waiting },        { "nn", row_facts_position },
};

static void set_number(PGresult *rows, int column, int64_t number)
{
	char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (char)((uint64_t)number >> (56 - 8 * i));
	assert(PQsetvalue(rows, 0, column, bytes, sizeof(bytes)));
}

static void set_column(struct fuzz_input *in, PGresult *rows, int column, char kind)
{
	static const char *const words[] = { "OrderPlaced",
					     "OrderModified",
					     "OrderCancelled",
					     "ORDER PLACED",
					     "ORDER CANCELLED",
					     "DELIVERY STARTED",
					     "DELIVERY MODIFIED",
					     "DELIVERY CANCELLED",
					     "SEOUL",
					     NULL };
	char buffer[FUZZ_TEXT_SIZE];
	const char *text;

	if (kind == 'n')
		set_number(rows, column, fuzz_number(in));
	if (kind == 'b') /* which outbox: a literal of the statement */
		set_number(rows, column, fuzz_byte(in) & 1);
	if (kind != 't')
		return;
	text = fuzz_text(in, words, buffer);
	assert(PQsetvalue(rows, 0, column, (char *)text, (int)strlen(text)));
}

static void take_row(struct fuzz_input *in, struct history *h)
{
	size_t table = fuzz_byte(in) % (sizeof(tables) / sizeof(tables[0]));
	int count = (int)strlen(tables[table].columns);
	PGresult *rows = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc attributes[16] = { 0 };

	for (int i = 0; i < count; i++)
		attributes[i].name = (char *)"x";
	assert(rows && PQsetResultAttrs(rows, count, attributes));
	for (int i = 0; i < count; i++)
		set_column(in, rows, i, tables[table].columns[i]);
	tables[table].take(h, rows, 0);
	PQclear(rows);
}

/* --- messages and the rest ----------------------------------------------------------------- */

static void take_message(struct fuzz_input *in, struct history *h)
{
	struct fuzz_message m;
	char payload[300];
	int type = fuzz_byte(in) % EVENT_TYPE_COUNT, len;

	fuzz_message(in, &m);
	len = snprintf(payload, sizeof(payload),
		       "{\"eventType\":\"%s\",\"id\":%d,\"orderId\":%d,\"version\":%d,"
		       "\"customerId\":1,\"productId\":\"1\",\"productName\":\"TV\",\"qty\":1,"
		       "\"address\":\"%d\"}",
		       event_order_names[type], fuzz_byte(in) % 4, fuzz_byte(in) % 4,
		       fuzz_byte(in) % 4, fuzz_byte(in) % 2);
	m.plain.payload = payload;
	m.plain.payload_len = (size_t)len;
	if (fuzz_byte(in) % 8 == 0)
		fuzz_payload(in, &m, fuzz_byte(in));
	if (fuzz_byte(in) % 4 > 0)
		topic_facts_message(h, FUZZ_TOPIC, &m.plain);
	else
		topic_facts_letter(h, FUZZ_TOPIC, &m.plain);
}

static void take_ack(struct fuzz_input *in, struct history *h)
{
	struct fact fact = { .source = FACT_ACK,
			     .type = (uint8_t)(fuzz_byte(in) % EVENT_TYPE_COUNT),
			     .version = fuzz_byte(in) % 4,
			     .at_ms = fuzz_number(in) };

	history_add(h, fuzz_number(in), fact);
	if (fuzz_byte(in) % 4 == 0)
		history_order(h, fuzz_number(in))->cancel_ack_ms = fuzz_number(in);
}

static void take_hole(struct fuzz_input *in, struct history *h)
{
	struct history_holes *holes = fuzz_byte(in) % 2 ? &h->holes : &h->letter_holes;
	int32_t partition = fuzz_byte(in) % 3;

	history_add_hole(h, holes, partition, 1 + fuzz_byte(in));
	if (fuzz_byte(in) % 2)
		history_end_hole(holes, partition, fuzz_number(in));
}

static void expect_words(const struct history *h, const struct judgement *j)
{
	int64_t total = 0;

	for (int kind = 0; kind < VIOLATION_KIND_COUNT; kind++) {
		const struct violations *v = &j->violations[kind];
		char what[1024] = "", evidence[1024] = "";
		struct strbuf what_sb = STRBUF_ON(what), evidence_sb = STRBUF_ON(evidence);

		total += v->count;
		assert(v->count >= 0 && j->unjudged[kind] >= 0);
		if (v->count == 0)
			continue;
		report_case_what((enum violation_kind)kind, &v->first, &what_sb);
		report_case_evidence(h, (enum violation_kind)kind, &v->first, &evidence_sb);
		assert(what[0]);
	}
	assert(total == j->total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const takes[])(struct fuzz_input *, struct history *) = {
		take_message, take_row, take_message, take_row, take_ack, take_hole,
	};
	struct fuzz_input in = { data, size };
	struct judgement j = { 0 };
	struct history h = { 0 };
	struct error err;

	while (in.left > 0)
		takes[fuzz_byte(&in) % (sizeof(takes) / sizeof(takes[0]))](&in, &h);
	assert(judge_history(&h, &j, &err) == ST_OK);
	expect_words(&h, &j);
	history_fini(&h);
	return 0;
}
