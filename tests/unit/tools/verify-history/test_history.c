/*
 * The history checker's judgement: a history in which all is well, and what each tampering with it
 * makes of it. The table has every kind of violation.
 */
#include "tests/unit/unit.h"
#include "tools/verify-history/judge.h"

TestSuite(history, .init = unit_deadline);

#define ORDER_ID   3
#define MORE_KINDS 6

/* --- a history in which all is well -------------------------------------------------------- */

static struct content goods(const char *address)
{
	struct order_event event = { .customer_id = 2000,
				     .qty = 3,
				     .product_id = "100",
				     .product_name = "RADIO",
				     .address = address };

	return history_content(&event);
}

/* As fact.content. */
static uint32_t says(const char *address)
{
	struct content content = goods(address);

	return history_content_digest(&content);
}

static struct history_row row(int32_t version, enum event_type type)
{
	return (struct history_row){ .present = true,
				     .version = version,
				     .type = (uint8_t)type,
				     .updated_ms = 1000,
				     .content = goods("SEOUL") };
}

static struct fact fact(enum fact_source source, int32_t version, enum event_type type,
			int64_t offset)
{
	return (struct fact){ .source = (uint8_t)source,
			      .version = version,
			      .type = (uint8_t)type,
			      .offset = offset,
			      .at_ms = 1000 + offset,
			      .mark = (uint32_t)version,
			      .content = says("SEOUL") };
}

static struct fact announced(int32_t version, int64_t offset, const char *address)
{
	struct fact announced =
		fact(FACT_ANNOUNCED, version, (enum event_type)(version - 1), offset);
	announced.content = says(address);
	return announced;
}

static const char *address_of(int32_t version)
{
	return version == 1 ? "PUSAN" : "SEOUL";
}

static void add_event(struct history *h, int64_t id, struct fact event, const char *address)
{
	struct content content = goods(address);

	history_add_event(h, id, event, &content);
}

/* Placed, modified, cancelled; all of it in partition 0, the positions at the end. */
static void fill(struct history *h, int64_t id)
{
	struct history_order *order = history_order(h, id);
	int64_t first = 6 * (id - ORDER_ID);

	order->order = order->delivery = row(3, EVENT_CANCELLED);
	for (int32_t v = 1; v <= 3; v++)
		history_add(h, id, fact(FACT_EFFECT, v, (enum event_type)(v - 1), first + v - 1));
	for (int32_t v = 1; v <= 3; v++)
		add_event(h, id, fact(FACT_EVENT, v, (enum event_type)(v - 1), first + v - 1),
			  address_of(v));
	for (int32_t v = 1; v <= 3; v++)
		history_add(h, id, announced(v, first + 2 + v, address_of(v)));
	history_partition(h, 0)->next_offset = 1000;
	history_partition(h, 0)->last_offset = first + 2;
}

/* --- tampering ----------------------------------------------------------------------------- */

static struct history_order *order(struct history *h)
{
	return history_order(h, ORDER_ID);
}

/* The first fact of that kind. */
static struct fact *at(struct history *h, enum fact_source source, int32_t version)
{
	for (uint32_t i = 0; i < order(h)->count; i++) {
		struct fact *f = &order(h)->facts[i];

		if (f->source == source && f->version == version)
			return f;
	}
	cr_assert_fail("no such fact");
	return NULL;
}

static void drop(struct history *h, enum fact_source source, int32_t version)
{
	struct fact *f = at(h, source, version);

	memmove(f, f + 1, (size_t)(&order(h)->facts[order(h)->count] - (f + 1)) * sizeof(*f));
	order(h)->count--;
}

static void swap(struct fact *a, struct fact *b)
{
	struct fact held = *a;

	*a = *b;
	*b = held;
}

static void nothing(struct history *h)
{
	(void)h;
}

static void row_is_older(struct history *h)
{
	struct fact ack = fact(FACT_ACK, 4, EVENT_MODIFIED, 0);

	history_add(h, ORDER_ID, ack);
}

static void row_is_older_and_differs(struct history *h)
{
	row_is_older(h);
	order(h)->order.content = goods("PUSAN");
}

static void deleted_order_is_not_cancelled(struct history *h)
{
	order(h)->order.type = order(h)->delivery.type = EVENT_MODIFIED;
	at(h, FACT_EVENT, 3)->type = at(h, FACT_EFFECT, 3)->type = at(h, FACT_ANNOUNCED, 3)->type =
		EVENT_MODIFIED;
	order(h)->cancel_ack_ms = 1;
}

static void deleted_order_is_cancelled(struct history *h)
{
	order(h)->cancel_ack_ms = 1;
	history_add(h, ORDER_ID, fact(FACT_ACK, 1, EVENT_PLACED, 0));
	history_add(h, ORDER_ID, fact(FACT_ACK, 2, EVENT_MODIFIED, 0));
}

static void order_is_gone(struct history *h)
{
	history_add(h, 99, fact(FACT_ACK, 1, EVENT_PLACED, 0));
}

static void event_is_missing(struct history *h)
{
	drop(h, FACT_EVENT, 2);
}

static void no_event_came(struct history *h)
{
	history_order(h, 99)->order = row(5, EVENT_MODIFIED);
}

static void events_conflict(struct history *h)
{
	struct fact copy = *at(h, FACT_EVENT, 2);

	copy.mark++;
	copy.offset = 9;
	add_event(h, ORDER_ID, copy, "SEOUL");
}

static void events_change_places(struct history *h)
{
	at(h, FACT_EVENT, 2)->offset = at(h, FACT_EFFECT, 2)->offset = 2;
	at(h, FACT_EVENT, 3)->offset = at(h, FACT_EFFECT, 3)->offset = 1;
}

static void keyless_events_change_places(struct history *h)
{
	events_change_places(h);
	for (int32_t v = 1; v <= 3; v++)
		at(h, FACT_EVENT, v)->replica = FACT_KEYLESS;
}

static void effect_is_missing(struct history *h)
{
	drop(h, FACT_EFFECT, 2);
	drop(h, FACT_ANNOUNCED, 2);
}

static void last_effect_is_missing(struct history *h)
{
	drop(h, FACT_EFFECT, 3);
	drop(h, FACT_ANNOUNCED, 3);
	order(h)->delivery = row(2, EVENT_MODIFIED);
}

static void effect_is_duplicated(struct history *h)
{
	history_add(h, ORDER_ID, *at(h, FACT_EFFECT, 3));
}

static void effect_is_another(struct history *h)
{
	at(h, FACT_EFFECT, 2)->type = at(h, FACT_ANNOUNCED, 2)->type = EVENT_PLACED;
}

static void effect_is_from_elsewhere(struct history *h)
{
	at(h, FACT_EFFECT, 2)->offset = 77;
}

static void effect_is_invented(struct history *h)
{
	history_add(h, 99, fact(FACT_EFFECT, 1, EVENT_PLACED, 50));
	history_add(h, 99, fact(FACT_ANNOUNCED, 1, EVENT_PLACED, 51));
}

static void dead_letter(struct history *h)
{
	last_effect_is_missing(h);
	history_add(h, ORDER_ID, fact(FACT_DEAD, 3, EVENT_CANCELLED, 2));
	history_add(h, ORDER_ID, fact(FACT_DEAD, 3, EVENT_CANCELLED, 2)); /* a copy */
}

static void dead_letter_was_repaired(struct history *h)
{
	history_add(h, ORDER_ID, fact(FACT_DEAD, 3, EVENT_CANCELLED, 2));
}

static void dead_letter_of_a_stranger(struct history *h)
{
	add_event(h, 77, fact(FACT_EVENT, 2, EVENT_MODIFIED, 60), "x");
	history_add(h, 77, fact(FACT_DEAD, 2, EVENT_MODIFIED, 60));
}

static void last_is_skipped(struct history *h)
{
	last_effect_is_missing(h);
	history_add(h, ORDER_ID, fact(FACT_SKIPPED, 3, EVENT_CANCELLED, 0));
}

static void skipped_counts_for_the_row(struct history *h)
{
	last_is_skipped(h);
	order(h)->delivery.version = 3;
}

/* It came after all. */
static void skipped_is_a_dead_letter(struct history *h)
{
	last_is_skipped(h);
	history_add(h, ORDER_ID, fact(FACT_DEAD, 3, EVENT_CANCELLED, 2));
}

static void middle_is_skipped(struct history *h)
{
	effect_is_missing(h);
	history_add(h, ORDER_ID, fact(FACT_SKIPPED, 2, EVENT_MODIFIED, 0));
}

static void last_is_parked(struct history *h)
{
	last_effect_is_missing(h);
	history_add(h, ORDER_ID, fact(FACT_PARKED, 3, EVENT_CANCELLED, 2));
}

/* What the lab shows without keys. */
static void out_of_order(struct history *h)
{
	swap(at(h, FACT_EFFECT, 2), at(h, FACT_EFFECT, 3));
	at(h, FACT_EFFECT, 3)->mark = 1;
	at(h, FACT_EFFECT, 2)->mark = 2;
	at(h, FACT_EVENT, 2)->partition = at(h, FACT_EFFECT, 2)->partition = 1;
	history_partition(h, 1)->next_offset = 1000;
	at(h, FACT_ANNOUNCED, 2)->offset = 5;
	at(h, FACT_ANNOUNCED, 3)->offset = 4;
	order(h)->delivery.type = EVENT_MODIFIED;
}

static void row_has_old_version(struct history *h)
{
	order(h)->delivery.version = 2;
}

static void row_has_another_address(struct history *h)
{
	order(h)->delivery.content = goods("PUSAN");
}

static void both_rows_have_another_address(struct history *h)
{
	order(h)->delivery.content = order(h)->order.content = goods("PUSAN");
}

static void row_is_gone(struct history *h)
{
	order(h)->delivery.present = false;
}

static void row_without_event(struct history *h)
{
	history_order(h, 99)->delivery = row(1, EVENT_PLACED);
}

static void order_has_another_status(struct history *h)
{
	order(h)->order.type = EVENT_MODIFIED;
}

static void announcement_is_missing(struct history *h)
{
	drop(h, FACT_ANNOUNCED, 1);
}

static void announcement_is_invented(struct history *h)
{
	history_add(h, ORDER_ID, fact(FACT_ANNOUNCED, 4, EVENT_PLACED, 50));
}

static void announcement_is_another(struct history *h)
{
	at(h, FACT_ANNOUNCED, 2)->type = EVENT_CANCELLED;
}

/* Not the last one: the final rows are right. */
static void announcement_has_another_address(struct history *h)
{
	*at(h, FACT_ANNOUNCED, 1) = announced(1, 3, "BUSAN");
}

static void announcement_says_nothing(struct history *h)
{
	at(h, FACT_ANNOUNCED, 3)->content = 0;
}

/* Published, applied and announced between the snapshot of the tables and the topic's reading. */
static void announced_after_the_tables_were_read(struct history *h)
{
	last_effect_is_missing(h);
	order(h)->order = row(2, EVENT_MODIFIED);
	history_add(h, ORDER_ID, announced(3, 5, "SEOUL"));
	history_partition(h, 0)->next_offset = 2;
}

static void announced_twice(struct history *h)
{
	struct fact copy = *at(h, FACT_ANNOUNCED, 2);

	copy.mark++;
	copy.offset = 9;
	history_add(h, ORDER_ID, copy);
}

static void announcements_change_places(struct history *h)
{
	at(h, FACT_ANNOUNCED, 1)->offset = 5;
	at(h, FACT_ANNOUNCED, 3)->offset = 3;
}

/* A relay that died between publishing and deleting: all of its batch once more, also when the new
 * partition of the key is another one. */
static void relay_published_again(struct history *h)
{
	for (int32_t v = 1; v <= 3; v++) {
		struct fact event = *at(h, FACT_EVENT, v), announced = *at(h, FACT_ANNOUNCED, v);

		event.offset += 6;
		announced.offset = v;
		announced.partition = 1;
		announced.at_ms = 2000;
		add_event(h, ORDER_ID, event, "SEOUL");
		history_add(h, ORDER_ID, announced);
	}
}

/* The first copy of version 1 is in partition 0: that it is behind version 2 in 1 is a repeat. */
static void repeat_in_a_new_partition(struct history *h)
{
	struct fact copy = *at(h, FACT_ANNOUNCED, 1);

	at(h, FACT_ANNOUNCED, 2)->partition = 1;
	copy.partition = 1;
	copy.offset = 9;
	copy.at_ms = 2000;
	history_add(h, ORDER_ID, copy);
}

/* One that is early is one, whatever the number of those behind it. */
static void one_announcement_is_early(struct history *h)
{
	at(h, FACT_ANNOUNCED, 3)->offset = 0;
}

static void outbox_has_rows(struct history *h)
{
	h->waiting[OUTBOX_DELIVERY] = (struct history_backlog){ .count = 4, .oldest_ms = 1 };
}

static void consumers_are_behind(struct history *h)
{
	last_effect_is_missing(h);
	history_partition(h, 0)->next_offset = 2;
}

static void nobody_consumed(struct history *h)
{
	add_event(h, 99, fact(FACT_EVENT, 1, EVENT_PLACED, 0), "x");
	at(h, FACT_EVENT, 1)->partition = 0;
	history_partition(h, 1)->last_offset = 4;
	history_order(h, 99)->facts[0].partition = 1;
}

static void refused(struct history *h)
{
	h->refused[OUTBOX_ORDERS] = (struct history_backlog){ .count = 1, .what = "too large" };
}

/* Without a version: known by the place, in whatever order they come. */
static void plain_events(struct history *h)
{
	history_add(h, 50, fact(FACT_EFFECT, 0, EVENT_PLACED, 20));
	history_add(h, 50, fact(FACT_EFFECT, 0, EVENT_CANCELLED, 22));
	history_add(h, 50, fact(FACT_EFFECT, 0, EVENT_MODIFIED, 21));
	add_event(h, 50, fact(FACT_EVENT, 0, EVENT_PLACED, 20), "PUSAN");
	add_event(h, 50, fact(FACT_EVENT, 0, EVENT_MODIFIED, 21), "SEOUL");
	add_event(h, 50, fact(FACT_EVENT, 0, EVENT_CANCELLED, 22), "PUSAN");
	for (int64_t i = 23; i < 27; i++) /* one of them a repeat */
		history_add(h, 50, fact(FACT_ANNOUNCED, 0, EVENT_PLACED, i));
	history_order(h, 50)->delivery = row(0, EVENT_MODIFIED);
}

static void plain_effect_is_duplicated(struct history *h)
{
	plain_events(h);
	history_add(h, 50, fact(FACT_EFFECT, 0, EVENT_MODIFIED, 21));
}

static void plain_event_is_lost(struct history *h)
{
	plain_events(h);
	add_event(h, 50, fact(FACT_EVENT, 0, EVENT_MODIFIED, 30), "x");
}

static void plain_is_not_announced(struct history *h)
{
	plain_events(h);
	history_order(h, 50)->count -= 2;
}

static void plain_is_announced_without_effect(struct history *h)
{
	history_add(h, 50, fact(FACT_ANNOUNCED, 0, EVENT_PLACED, 23));
}

static void plain_row_shows_another_event(struct history *h)
{
	plain_events(h);
	history_order(h, 50)->delivery.content = goods("PUSAN");
}

static void add_replay(struct history *h, int64_t at, int64_t first)
{
	struct content content = goods("x");

	history_add_replay(h, 50, fact(FACT_REPLAY, 0, EVENT_MODIFIED, at),
			   (struct history_offset){ 0, first }, &content);
}

/* Replayed twice, it failed each time. */
static void plain_replay(struct history *h)
{
	plain_events(h);
	add_event(h, 50, fact(FACT_EVENT, 0, EVENT_MODIFIED, 30), "x");
	add_replay(h, 31, 30);
	add_replay(h, 32, 30);
	for (int i = 0; i < 3; i++)
		history_add(h, 50, fact(FACT_DEAD, 0, EVENT_MODIFIED, 30));
}

/* The second replay has the effect. */
static void plain_replay_is_applied(struct history *h)
{
	history_add(h, 50, fact(FACT_EFFECT, 0, EVENT_MODIFIED, 32));
	history_add(h, 50, fact(FACT_ANNOUNCED, 0, EVENT_MODIFIED, 40));
	plain_replay(h);
	add_replay(h, 33, 30);
}

static void plain_replay_is_applied_twice(struct history *h)
{
	history_add(h, 50, fact(FACT_EFFECT, 0, EVENT_MODIFIED, 31));
	history_add(h, 50, fact(FACT_ANNOUNCED, 0, EVENT_MODIFIED, 41));
	plain_replay_is_applied(h);
}

static void plain_is_applied_and_replayed(struct history *h)
{
	history_add(h, 50, fact(FACT_EFFECT, 0, EVENT_MODIFIED, 30));
	history_add(h, 50, fact(FACT_ANNOUNCED, 0, EVENT_MODIFIED, 41));
	plain_replay_is_applied(h);
}

static void unreadable(struct history *h)
{
	struct fact event = fact(FACT_EVENT, 0, EVENT_PLACED, 40);

	event.type = TYPE_UNKNOWN;
	history_add(h, 0, event);
}

static void unreadable_is_a_dead_letter(struct history *h)
{
	unreadable(h);
	history_add(h, 0, fact(FACT_DEAD, 0, EVENT_PLACED, 40));
}

static void unreadable_is_replayed(struct history *h)
{
	struct fact replay = fact(FACT_REPLAY, 0, EVENT_PLACED, 41);

	replay.type = TYPE_UNKNOWN;
	unreadable_is_a_dead_letter(h);
	history_add_replay(h, 0, replay, (struct history_offset){ 0, 40 }, NULL);
	history_add(h, 0, fact(FACT_DEAD, 0, EVENT_PLACED, 40));
}

/* The letter is of another place. */
static void unreadable_is_lost_beside_a_replay(struct history *h)
{
	struct fact other = fact(FACT_EVENT, 0, EVENT_PLACED, 42);

	unreadable_is_replayed(h);
	other.type = TYPE_UNKNOWN;
	history_add(h, 0, other);
}

static void largest_version(struct history *h)
{
	add_event(h, 60, fact(FACT_EVENT, INT32_MAX, EVENT_PLACED, 40), "SEOUL");
	history_add(h, 60, fact(FACT_EFFECT, INT32_MAX, EVENT_PLACED, 40));
	history_add(h, 60, fact(FACT_ANNOUNCED, INT32_MAX, EVENT_PLACED, 41));
	history_order(h, 60)->delivery = row(INT32_MAX, EVENT_PLACED);
}

/* Nobody ever consumed partition 1, whose first seven messages are gone. */
static void deleted_unread(struct history *h)
{
	history_add_hole(h, &h->holes, 1, 7);
}

/* Of version 3 nothing came to delivery-service. */
static void last_event_is_missing(struct history *h)
{
	drop(h, FACT_EVENT, 3);
	drop(h, FACT_EFFECT, 3);
	drop(h, FACT_ANNOUNCED, 3);
	order(h)->delivery = row(2, EVENT_MODIFIED);
}

static void row_has_old_version_and_no_effect(struct history *h)
{
	last_event_is_missing(h);
}

static void last_effect_is_missing_and_letters(struct history *h)
{
	last_effect_is_missing(h);
	order(h)->delivery = row(2, EVENT_MODIFIED);
	history_add_hole(h, &h->letter_holes, 0, 3);
}

/* The relay published version 1 again, behind version 3. */
static void repeat_of_the_first(struct history *h)
{
	struct fact again = *at(h, FACT_EVENT, 1);

	again.offset = 50;
	add_event(h, ORDER_ID, again, "PUSAN");
}

/* --- the table ----------------------------------------------------------------------------- */

struct kind_count {
	enum violation_kind kind;
	int64_t count; /* 0: the end */
};

static const struct tampering {
	const char *name;
	void (*tamper)(struct history *h);
	struct kind_count expected[MORE_KINDS];
} tamperings[] = {
	{ "all is well", nothing, { { 0 } } },
	{ "acknowledged, and the row is older",
	  row_is_older,
	  { { LOST_OPERATION, 1 }, { LOST_EVENT, 1 } } },
	{ "acknowledged, and the row is older, and differs",
	  row_is_older_and_differs,
	  { { LOST_OPERATION, 1 }, { LOST_EVENT, 1 }, { DIFFERS_FROM_ORDER, 1 } } },
	{ "acknowledged, and no row", order_is_gone, { { LOST_OPERATION, 1 }, { LOST_EVENT, 1 } } },
	{ "deleted, but not cancelled",
	  deleted_order_is_not_cancelled,
	  { { LOST_OPERATION, 1 }, { LOST_EVENT, 1 } } },
	{ "deleted and cancelled", deleted_order_is_cancelled, { { 0 } } },
	{ "no event", event_is_missing, { { LOST_EVENT, 1 }, { EFFECT_WITHOUT_EVENT, 1 } } },
	{ "no event at all", no_event_came, { { LOST_EVENT, 5 }, { DIFFERS_FROM_ORDER, 1 } } },
	{ "other event of the same version", events_conflict, { { CONFLICTING_EVENTS, 1 } } },
	{ "events in the wrong order", events_change_places, { { PUBLISHED_OUT_OF_ORDER, 1 } } },
	{ "the same without keys", keyless_events_change_places, { { 0 } } },
	{ "no effect", effect_is_missing, { { LOST_EFFECT, 1 }, { GAP, 1 } } },
	{ "no last effect",
	  last_effect_is_missing,
	  { { LOST_EFFECT, 1 }, { WRONG_FINAL_ROW, 1 }, { DIFFERS_FROM_ORDER, 1 } } },
	{ "two effects", effect_is_duplicated, { { DUPLICATED_EFFECT, 1 } } },
	{ "another effect", effect_is_another, { { WRONG_EFFECT, 1 } } },
	{ "effect from elsewhere", effect_is_from_elsewhere, { { EFFECT_WITHOUT_EVENT, 1 } } },
	{ "effect from nowhere", effect_is_invented, { { EFFECT_WITHOUT_EVENT, 1 } } },
	{ "dead letter", dead_letter, { { DEAD_LETTER, 1 } } },
	{ "repaired dead letter", dead_letter_was_repaired, { { 0 } } },
	{ "a stranger's dead letter", dead_letter_of_a_stranger, { { 0 } } },
	{ "last skipped", last_is_skipped, { { 0 } } },
	{ "last skipped, seen in the row", skipped_counts_for_the_row, { { 0 } } },
	{ "skipped, then a dead letter", skipped_is_a_dead_letter, { { 0 } } },
	{ "middle skipped", middle_is_skipped, { { 0 } } },
	{ "parked", last_is_parked, { { STILL_PARKED, 1 } } },
	{ "out of order, as in the lab",
	  out_of_order,
	  { { OUT_OF_ORDER, 1 }, { WRONG_FINAL_ROW, 1 }, { DIFFERS_FROM_ORDER, 1 } } },
	{ "row of an old version",
	  row_has_old_version,
	  { { WRONG_FINAL_ROW, 1 }, { DIFFERS_FROM_ORDER, 1 } } },
	{ "row of other goods",
	  row_has_another_address,
	  { { WRONG_FINAL_ROW, 1 }, { DIFFERS_FROM_ORDER, 1 } } },
	{ "both rows of other goods", both_rows_have_another_address, { { WRONG_FINAL_ROW, 1 } } },
	{ "no row", row_is_gone, { { WRONG_FINAL_ROW, 1 }, { DIFFERS_FROM_ORDER, 1 } } },
	{ "row without event", row_without_event, { { WRONG_FINAL_ROW, 1 } } },
	{ "order of another status", order_has_another_status, { { DIFFERS_FROM_ORDER, 1 } } },
	{ "not announced", announcement_is_missing, { { EFFECT_NOT_ANNOUNCED, 1 } } },
	{ "announced from nowhere", announcement_is_invented, { { ANNOUNCED_WITHOUT_EFFECT, 1 } } },
	{ "announced as another", announcement_is_another, { { ANNOUNCED_WITHOUT_EFFECT, 1 } } },
	{ "announced with another address",
	  announcement_has_another_address,
	  { { WRONG_ANNOUNCEMENT, 1 } } },
	{ "announced with nothing", announcement_says_nothing, { { WRONG_ANNOUNCEMENT, 1 } } },
	{ "announced after the tables were read",
	  announced_after_the_tables_were_read,
	  { { NOT_DRAINED, 1 } } },
	{ "announced twice", announced_twice, { { ANNOUNCED_TWICE, 1 } } },
	{ "announced in the wrong order",
	  announcements_change_places,
	  { { ANNOUNCED_OUT_OF_ORDER, 2 } } },
	{ "announced early", one_announcement_is_early, { { ANNOUNCED_OUT_OF_ORDER, 1 } } },
	{ "published again", relay_published_again, { { 0 } } },
	{ "repeat in a new partition", repeat_in_a_new_partition, { { 0 } } },
	{ "outbox has rows", outbox_has_rows, { { NOT_DRAINED, 4 } } },
	{ "behind: not lost", consumers_are_behind, { { NOT_DRAINED, 1 } } },
	{ "no position: not lost", nobody_consumed, { { NOT_DRAINED, 1 } } },
	{ "refused", refused, { { REFUSED_BY_KAFKA, 1 } } },
	{ "no versions", plain_events, { { 0 } } },
	{ "no versions: two effects", plain_effect_is_duplicated, { { DUPLICATED_EFFECT, 1 } } },
	{ "no versions: no effect", plain_event_is_lost, { { LOST_EFFECT, 1 } } },
	{ "no versions: not announced", plain_is_not_announced, { { EFFECT_NOT_ANNOUNCED, 1 } } },
	{ "no versions: announced from nowhere",
	  plain_is_announced_without_effect,
	  { { ANNOUNCED_WITHOUT_EFFECT, 1 } } },
	{ "no versions: row of other goods",
	  plain_row_shows_another_event,
	  { { WRONG_FINAL_ROW, 1 } } },
	{ "no versions: replayed dead letter", plain_replay, { { 0 } } },
	{ "no versions: applied replay", plain_replay_is_applied, { { 0 } } },
	{ "no versions: twice applied replay",
	  plain_replay_is_applied_twice,
	  { { DUPLICATED_EFFECT, 1 } } },
	{ "no versions: applied, and replayed",
	  plain_is_applied_and_replayed,
	  { { DUPLICATED_EFFECT, 1 } } },
	{ "unreadable, replayed", unreadable_is_replayed, { { 0 } } },
	{ "unreadable, another one replayed",
	  unreadable_is_lost_beside_a_replay,
	  { { LOST_EFFECT, 1 } } },
	{ "unreadable", unreadable, { { LOST_EFFECT, 1 } } },
	{ "unreadable, dead letter", unreadable_is_a_dead_letter, { { 0 } } },
	{ "the largest version", largest_version, { { GAP, 1 } } },
	{ "deleted unread", deleted_unread, { { DELETED_UNREAD, 7 } } },
};

static struct judgement judged(const struct history *h)
{
	struct judgement j = { 0 };
	struct error err = { 0 };

	cr_assert_eq(judge_history(h, &j, &err), ST_OK, "%s", err.msg);
	return j;
}

static int64_t expected_count(const struct tampering *t, enum violation_kind kind)
{
	for (size_t i = 0; i < MORE_KINDS && t->expected[i].count > 0; i++) {
		if (t->expected[i].kind == kind)
			return t->expected[i].count;
	}
	return 0;
}

Test(history, every_tampering_is_found_and_nothing_else)
{
	for (size_t i = 0; i < COUNT_OF(tamperings); i++) {
		const struct tampering *t = &tamperings[i];
		struct history h = { 0 };
		struct judgement j;
		int64_t total = 0;

		fill(&h, ORDER_ID);
		t->tamper(&h);
		j = judged(&h);
		for (int kind = 0; kind < VIOLATION_KIND_COUNT; kind++) {
			int64_t expected = expected_count(t, (enum violation_kind)kind);

			total += expected;
			cr_expect_eq(j.violations[kind].count, expected, "%s: %s %lld, not %lld",
				     t->name, judge_violation_names[kind],
				     (long long)j.violations[kind].count, (long long)expected);
		}
		cr_expect_eq(j.total, total, "%s", t->name);
		history_fini(&h);
	}
}

Test(history, the_table_has_every_kind)
{
	for (int kind = 0; kind < VIOLATION_KIND_COUNT; kind++) {
		bool has = false;

		for (size_t i = 0; i < COUNT_OF(tamperings); i++)
			has |= expected_count(&tamperings[i], (enum violation_kind)kind) > 0;
		cr_expect(has, "%s", judge_violation_names[kind]);
		cr_expect(judge_violation_names[kind]);
	}
}

/* --- a topic whose beginning is gone ------------------------------------------------------- */

static bool is_on_topic(const struct fact *f)
{
	return f->source == FACT_EVENT || f->source == FACT_ANNOUNCED;
}

/* As retention: what is on the topic below the offset is gone. */
static void cut(struct history *h, int64_t count)
{
	struct history_order *o = order(h);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < o->count; i++) {
		if (!is_on_topic(&o->facts[i]) || o->facts[i].offset >= count)
			o->facts[kept++] = o->facts[i];
	}
	o->count = kept;
	history_add_hole(h, &h->holes, 0, count);
	if (count < 6)
		history_end_hole(&h->holes, 0, 1000 + count);
}

/* A hole, and what is found and not judged then. */
static const struct cutting {
	const char *name;
	void (*tamper)(struct history *h);
	int64_t count;
	struct kind_count expected[MORE_KINDS], unjudged[MORE_KINDS];
} cuttings[] = {
	{ "events that had their effects",
	  nothing,
	  2,
	  { { 0 } },
	  { { EFFECT_WITHOUT_EVENT, 2 }, { ANNOUNCED_OUT_OF_ORDER, 2 } } },
	{ "everything",
	  nothing,
	  6,
	  { { 0 } },
	  { { EFFECT_WITHOUT_EVENT, 3 }, { EFFECT_NOT_ANNOUNCED, 3 } } },
	{ "an event that may be gone",
	  row_has_old_version_and_no_effect,
	  6,
	  { { DIFFERS_FROM_ORDER, 1 } },
	  { { LOST_EVENT, 1 }, { EFFECT_WITHOUT_EVENT, 2 }, { EFFECT_NOT_ANNOUNCED, 2 } } },
	{ "an event that would be behind the hole",
	  last_event_is_missing,
	  1,
	  { { LOST_EVENT, 1 }, { DIFFERS_FROM_ORDER, 1 } },
	  { { EFFECT_WITHOUT_EVENT, 1 }, { ANNOUNCED_OUT_OF_ORDER, 1 } } },
	{ "no effect of an event that is there",
	  last_effect_is_missing,
	  1,
	  { { LOST_EFFECT, 1 }, { WRONG_FINAL_ROW, 1 }, { DIFFERS_FROM_ORDER, 1 } },
	  { { EFFECT_WITHOUT_EVENT, 1 },
	    { ANNOUNCED_OUT_OF_ORDER, 1 },
	    { PUBLISHED_OUT_OF_ORDER, 1 } } },
	{ "its dead letter may be gone",
	  last_effect_is_missing_and_letters,
	  1,
	  { { 0 } },
	  { { LOST_EFFECT, 1 },
	    { EFFECT_WITHOUT_EVENT, 1 },
	    { ANNOUNCED_OUT_OF_ORDER, 1 },
	    { PUBLISHED_OUT_OF_ORDER, 1 } } },
	{ "the first copy of a repeat",
	  repeat_of_the_first,
	  2,
	  { { 0 } },
	  { { PUBLISHED_OUT_OF_ORDER, 1 },
	    { EFFECT_WITHOUT_EVENT, 2 },
	    { ANNOUNCED_OUT_OF_ORDER, 2 } } },
	{ "the final row is still judged",
	  row_has_another_address,
	  2,
	  { { WRONG_FINAL_ROW, 1 }, { DIFFERS_FROM_ORDER, 1 } },
	  { { EFFECT_WITHOUT_EVENT, 2 }, { ANNOUNCED_OUT_OF_ORDER, 2 } } },
};

static int64_t count_in(const struct kind_count *list, enum violation_kind kind)
{
	for (size_t i = 0; i < MORE_KINDS && list[i].count > 0; i++) {
		if (list[i].kind == kind)
			return list[i].count;
	}
	return 0;
}

Test(history, what_is_left_of_a_topic_is_judged)
{
	for (size_t i = 0; i < COUNT_OF(cuttings); i++) {
		const struct cutting *c = &cuttings[i];
		struct history h = { 0 };
		struct judgement j;

		fill(&h, ORDER_ID);
		c->tamper(&h);
		cut(&h, c->count);
		j = judged(&h);
		for (int kind = 0; kind < VIOLATION_KIND_COUNT; kind++) {
			cr_expect_eq(j.violations[kind].count,
				     count_in(c->expected, (enum violation_kind)kind),
				     "%s: found %s %lld", c->name, judge_violation_names[kind],
				     (long long)j.violations[kind].count);
			cr_expect_eq(j.unjudged[kind],
				     count_in(c->unjudged, (enum violation_kind)kind),
				     "%s: not judged %s %lld", c->name, judge_violation_names[kind],
				     (long long)j.unjudged[kind]);
		}
		history_fini(&h);
	}
}

/* A hole in another partition reaches as far as the clock of what is behind it. */
Test(history, a_hole_ends_where_what_is_behind_it_begins)
{
	for (int64_t until = 1000; until <= 1002; until++) {
		struct history h = { 0 };
		struct judgement j;

		fill(&h, ORDER_ID);
		last_event_is_missing(&h);
		history_add_hole(&h, &h.holes, 1, 5);
		history_end_hole(&h.holes, 1, until);
		history_partition(&h, 1)->next_offset = 5;
		j = judged(&h);
		/* Version 2 was published at 1001: the missing one is younger. */
		cr_expect_eq(j.violations[LOST_EVENT].count, until < 1001, "%lld",
			     (long long)until);
		cr_expect_eq(j.unjudged[LOST_EVENT], until >= 1001, "%lld", (long long)until);
		history_fini(&h);
	}
}

/* --- a database that was restored to an older state ---------------------------------------- */

static void expect_signs(const struct history *h, int64_t ids, int64_t contents, int64_t versions,
			 int64_t orders)
{
	struct judgement j = judged(h);

	cr_expect_eq(j.signs[IDS_TWICE].count, ids);
	cr_expect_eq(j.signs[CONTENTS_TWICE].count, contents);
	cr_expect_eq(j.signs[VERSIONS_FORGOTTEN].count, versions);
	cr_expect_eq(j.signs[ORDERS_FORGOTTEN].count, orders);
	cr_expect_eq(judge_restore_shows(&j), ids + contents + versions > 0);
}

Test(history, a_restore_shows)
{
	struct history h = { 0 };
	struct fact again = fact(FACT_EVENT, 1, EVENT_PLACED, 40);

	fill(&h, ORDER_ID);
	fill(&h, ORDER_ID + 1);
	expect_signs(&h, 0, 0, 0, 0);
	history_order(&h, ORDER_ID + 1)->order.present = false;
	expect_signs(&h, 0, 0, 0, 1);
	again.mark = 99;
	add_event(&h, ORDER_ID, again, "BUSAN");
	expect_signs(&h, 1, 0, 0, 1);
	again.version = 2;
	again.type = EVENT_MODIFIED;
	add_event(&h, ORDER_ID, again, "BUSAN");
	expect_signs(&h, 1, 1, 0, 1);
	order(&h)->order.version = 1;
	expect_signs(&h, 1, 1, 2, 1);
	history_fini(&h);
}

/* What the consumers have not come to may be younger than the tables. */
Test(history, what_is_ahead_is_no_sign_of_a_restore)
{
	struct history h = { 0 };

	fill(&h, ORDER_ID);
	order(&h)->order.version = 1;
	history_partition(&h, 0)->next_offset = 1;
	expect_signs(&h, 0, 0, 0, 0);
	history_fini(&h);
}

/* --- what is said about it ----------------------------------------------------------------- */

Test(history, counts)
{
	struct history h = { 0 };
	struct judgement j;

	for (int64_t id = ORDER_ID; id < ORDER_ID + 10; id++)
		fill(&h, id);
	relay_published_again(&h);
	plain_events(&h);
	unreadable_is_a_dead_letter(&h);
	history_add(&h, 0, fact(FACT_DEAD, 0, EVENT_PLACED, 40)); /* a copy */
	j = judged(&h);
	cr_expect_eq(j.total, 0);
	cr_expect_eq(j.counts.orders, 10);
	cr_expect_eq(j.counts.operations, 30);
	cr_expect_eq(j.counts.events, 33);
	cr_expect_eq(j.counts.event_repeats, 3);
	cr_expect_eq(j.counts.effects, 33);
	cr_expect_eq(j.counts.announcements, 33);
	cr_expect_eq(j.counts.announcement_repeats, 4);
	cr_expect_eq(j.counts.unreadable, 1);
	cr_expect_eq(j.counts.dead_letters, 1);
	history_fini(&h);
}

Test(history, the_first_case_names_both_sides)
{
	struct history h = { 0 };
	struct judgement j;
	const struct violation *v;

	fill(&h, ORDER_ID);
	out_of_order(&h);
	fill(&h, ORDER_ID + 1);
	j = judged(&h);
	v = &j.violations[OUT_OF_ORDER].first;
	cr_assert_eq(v->order->id, ORDER_ID);
	cr_expect_eq(v->version, 2);
	cr_expect_eq(v->fact_count, 2);
	cr_expect_eq(v->facts[0].version, 2);
	cr_expect_eq(v->facts[0].partition, 1);
	cr_expect_eq(v->facts[1].version, 3);
	cr_expect_eq(v->facts[1].partition, 0);
	v = &j.violations[WRONG_FINAL_ROW].first;
	expect_text(v->what, "status");
	cr_expect_eq(v->facts[0].version, 3);
	history_fini(&h);
}

Test(history, lost_events_name_their_range)
{
	struct history h = { 0 };
	struct judgement j;

	no_event_came(&h);
	fill(&h, ORDER_ID);
	event_is_missing(&h);
	j = judged(&h);
	cr_expect_eq(j.violations[LOST_EVENT].count, 6);
	cr_expect_eq(j.violations[LOST_EVENT].first.order->id, 99);
	cr_expect_eq(j.violations[LOST_EVENT].first.version, 1);
	cr_expect_eq(j.violations[LOST_EVENT].first.last_version, 5);
	history_fini(&h);
}

Test(history, replicas_have_one_number_each)
{
	struct history h = { 0 };

	cr_expect_eq(history_replica(&h, "delivery-8082"), 0);
	cr_expect_eq(history_replica(&h, "delivery-8083"), 1);
	cr_expect_eq(history_replica(&h, "delivery-8082"), 0);
	expect_text(h.replicas[1], "delivery-8083");
	cr_expect_not(h.no_memory);
	history_fini(&h);
}

Test(history, no_memory_is_no_verdict)
{
	struct history h = { .no_memory = true };
	struct judgement j;
	struct error err = { 0 };

	cr_expect_eq(judge_history(&h, &j, &err), ST_UNAVAILABLE);
	history_fini(&h);
}

/* One order with very many versions, its events in any order: far below the deadline only if no
 * step is quadratic. */
Test(history, one_order_with_many_versions)
{
	enum { VERSIONS = 200000 };
	struct history h = { 0 };
	struct judgement j;
	uint64_t seed = 1;

	for (int32_t v = 1; v <= VERSIONS; v++)
		history_add(&h, 1, fact(FACT_EFFECT, v, EVENT_PLACED, v));
	for (int32_t v = VERSIONS; v >= 1; v--)
		add_event(&h, 1, fact(FACT_EVENT, v, EVENT_PLACED, v), "SEOUL");
	for (int32_t v = 1; v <= VERSIONS; v++)
		history_add(&h, 1, fact(FACT_ANNOUNCED, v, EVENT_PLACED, v));
	for (int i = 0; i < VERSIONS; i++) {
		struct fact *facts = history_order(&h, 1)->facts;

		swap(&facts[VERSIONS + random_below(&seed, VERSIONS)],
		     &facts[VERSIONS + random_below(&seed, VERSIONS)]);
	}
	history_order(&h, 1)->order = history_order(&h, 1)->delivery = row(VERSIONS, EVENT_PLACED);
	history_partition(&h, 0)->next_offset = VERSIONS + 1;
	j = judged(&h);
	cr_expect_eq(j.total, 0);
	cr_expect_eq(j.counts.effects, VERSIONS);
	history_fini(&h);
}
