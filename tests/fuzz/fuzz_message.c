/* Any message of the topic, headers and all: read by delivery-service, kept as a dead letter, read
 * by the tools. Headers come out of the outbox as they went in. */
#include <assert.h>
#include <stdlib.h>

#include "common/outbox/outbox_headers.h"
#include "delivery-service/core/event_record.h"
#include "delivery-service/store/dead_letter.h"
#include "tests/fuzz/fuzz_input.h"
#include "tools/dead-letters/letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(const struct message_header *a, const struct message_header *b)
{
	assert(strcmp(a->name, b->name) == 0);
	assert(!a->value == !b->value && a->len == b->len);
	assert(!a->value || memcmp(a->value, b->value, a->len) == 0);
}

static void through_the_outbox(const struct message *m)
{
	char *text = outbox_headers_encode(m->headers, m->header_count);
	struct message_header *again;
	size_t count;

	assert(text);
	again = outbox_headers_decode(text, &count);
	assert(count == m->header_count);
	for (size_t i = 0; i < count; i++)
		expect_same(&m->headers[i], &again[i]);
	free(again);
	free(text);
}

static void as_an_event(const struct message *m)
{
	struct raw_message_recent latest = { 0 };
	struct outbox_batch batch;
	struct event_record *record = NULL;

	if (event_record_new(&record, m, &latest, 0) == EVENT_RECORD_OURS) {
		assert(record && (record->event || record->reason));
		assert(record->origin.partition >= 0 && record->origin.offset >= 0);
		event_record_compact(record);
		assert(event_record_expand(record));
		outbox_batch_init(&batch);
		assert(dead_letter_add(&batch, FUZZ_TOPIC, record, record->reason));
		outbox_batch_fini(&batch);
	}
	event_record_free(record);
	raw_message_recent_fini(&latest);
}

static void as_a_letter(const struct message *m)
{
	struct letter letter = { 0 };

	letter_read_origin(&letter, m);
	assert(letter.partition >= -1 && letter.offset >= -1);
	assert(memchr(letter.topic, '\0', sizeof(letter.topic)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct fuzz_message m;

	fuzz_message(&in, &m);
	fuzz_payload(&in, &m, in.left);
	through_the_outbox(&m.plain);
	as_an_event(&m.plain);
	as_a_letter(&m.plain);
	return 0;
}
