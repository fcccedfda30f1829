/* A message becomes an event record: its event, its origin, and the copy of the message. */
#include "common/event/contract.h"
#include "delivery-service/core/event_record.h"
#include "tests/unit/unit.h"

TestSuite(event_record, .init = unit_deadline);

#define PAYLOAD                                                                                    \
	"{\"eventType\":\"OrderPlaced\",\"timestamp\":1732180000123,\"id\":2,\"version\":1,"       \
	"\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\",\"qty\":3,"           \
	"\"address\":\"PUSAN\"}"

static struct raw_message_recent latest;

static struct event_record *record_of(const struct message_header *headers, size_t count,
				      const char *payload)
{
	const struct message m = { .topic = "orders",
				   .at = { 2, 40 },
				   .timestamp_ms = 77,
				   .key = "2",
				   .key_len = 1,
				   .payload = payload,
				   .payload_len = payload ? strlen(payload) : 0,
				   .headers = headers,
				   .header_count = count };
	struct event_record *record;

	cr_assert_eq(event_record_new(&record, &m, &latest, 99), EVENT_RECORD_OURS);
	cr_assert(record);
	return record;
}

static void release(struct event_record *record)
{
	event_record_free(record);
	raw_message_recent_fini(&latest);
}

static const struct message_header placed[] = { { "type", "\"OrderPlaced\"", 13 } };

Test(event_record, an_order_event)
{
	struct event_record *record = record_of(placed, 1, PAYLOAD);

	cr_assert(record->event);
	cr_expect_null(record->reason);
	cr_expect_eq(record->event->type, EVENT_PLACED);
	cr_expect_eq(record->event->order_id, 2);
	expect_text(record->event->address, "PUSAN");
	cr_expect_eq(record->at.partition, 2);
	cr_expect_eq(record->at.offset, 40);
	cr_expect_eq(record->end, 41);
	cr_expect_eq(record->received_wall_ms, 99);
	release(record);
}

Test(event_record, the_message_is_copied)
{
	char *payload = strdup(PAYLOAD);
	struct event_record *record = record_of(placed, 1, payload);
	const struct raw_message *m = &record->message;

	free(payload);
	cr_expect_eq(m->key_len, 1);
	cr_expect(memcmp(m->key, "2", 1) == 0);
	cr_expect_eq(m->payload_len, strlen(PAYLOAD));
	cr_expect(memcmp(m->payload, PAYLOAD, m->payload_len) == 0);
	cr_expect_eq(m->timestamp_ms, 77);
	cr_expect_eq(m->headers->count, 1);
	cr_expect_eq(event_record_size(record), sizeof(*record) + 1 + strlen(PAYLOAD));
	release(record);
}

Test(event_record, headers_are_shared)
{
	struct event_record *first = record_of(placed, 1, PAYLOAD);
	struct event_record *second = record_of(placed, 1, PAYLOAD);

	cr_expect_eq(first->message.headers, second->message.headers);
	event_record_free(first);
	release(second);
}

Test(event_record, what_cannot_be_read_has_a_reason)
{
	const struct message_header others[] = { { "other", "OrderPlaced", 11 } };
	struct event_record *record = record_of(others, 1, PAYLOAD);

	cr_expect_null(record->event);
	expect_text(record->reason, "no header \"type\"");
	event_record_free(record);
	for (unsigned i = 0; i < 3; i++) {
		record = record_of(placed, 1, (const char *[]){ NULL, "", "{}" }[i]);
		cr_expect_null(record->event);
		cr_expect(record->reason && record->reason[0]);
		cr_expect_eq(record->message.payload == NULL, i == 0);
		event_record_free(record);
	}
	raw_message_recent_fini(&latest);
}

Test(event_record, a_replayed_dead_letter_keeps_its_origin)
{
	struct message_header headers[] = {
		placed[0],
		{ CONTRACT_ORIGIN_TOPIC, "orders", 6 },
		{ CONTRACT_ORIGIN_PARTITION, "1", 1 },
		{ CONTRACT_ORIGIN_OFFSET, "7", 1 },
	};
	struct event_record *record = record_of(headers, COUNT_OF(headers), PAYLOAD);

	cr_expect_eq(record->origin.partition, 1);
	cr_expect_eq(record->origin.offset, 7);
	cr_expect_eq(record->at.offset, 40);
	event_record_free(record);
	for (size_t i = 1; i < COUNT_OF(headers); i++) {
		struct message_header kept = headers[i];

		headers[i].value = "elsewhere";
		headers[i].len = 9;
		record = record_of(headers, COUNT_OF(headers), PAYLOAD);
		cr_expect_eq(record->origin.partition, 2, "%s", kept.name);
		cr_expect_eq(record->origin.offset, 40, "%s", kept.name);
		event_record_free(record);
		headers[i] = kept;
	}
	raw_message_recent_fini(&latest);
}

Test(event_record, compacted_and_expanded)
{
	struct event_record *record = record_of(placed, 1, PAYLOAD);

	event_record_compact(record);
	cr_expect_null(record->event);
	cr_expect_null(record->reason);
	cr_assert(event_record_expand(record));
	cr_assert(record->event);
	cr_expect_eq(record->event->order_id, 2);
	expect_text(record->event->product_name, "RADIO");
	cr_assert(event_record_expand(record), "a second time nothing happens");
	event_record_reject(record, "refused");
	event_record_compact(record);
	cr_assert(event_record_expand(record));
	cr_expect_null(record->event, "a dead letter stays one");
	release(record);
}

Test(event_record, types_that_are_ours)
{
	static const struct {
		const char *type;
		bool ours;
	} cases[] = { { "OrderPlaced", true },
		      { "\"OrderCancelled\"", true },
		      { "DeliveryStarted", false },
		      { "orderplaced", false },
		      { "", false },
		      { NULL, true } };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct message_header header = { "type", cases[i].type,
						       cases[i].type ? strlen(cases[i].type) : 0 };
		const struct message m = { .topic = "t", .headers = &header, .header_count = 1 };
		struct event_record *record;
		enum event_record_kind kind = event_record_new(&record, &m, &latest, 99);

		cr_expect_eq(kind == EVENT_RECORD_OURS, cases[i].ours, "case %zu", i);
		cr_expect_eq(record != NULL, cases[i].ours, "case %zu", i);
		event_record_free(record);
	}
	raw_message_recent_fini(&latest);
}
