#include "tools/verify-history/topic_facts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/event/contract.h"
#include "common/event/event_json.h"

/* --- what a message says ------------------------------------------------------------------- */

static struct fact fact_of(enum fact_source source, uint8_t type, const struct message *m)
{
	return (struct fact){ .source = (uint8_t)source,
			      .type = type,
			      .partition = m->at.partition,
			      .offset = m->at.offset,
			      .at_ms = m->timestamp_ms,
			      .mark = history_digest(m->payload, m->payload_len) };
}

static bool header_is(const struct message *m, const char *name, const char *expected)
{
	const char *text;
	size_t len;

	return message_header_text(m, name, &text, &len) && len == strlen(expected) &&
	       memcmp(text, expected, len) == 0;
}

/* Where a dead letter or its replay first was on the topic; delivery-service reads these headers
 * likewise. False: nothing says so. */
static bool first_offset(const struct message *m, const char *topic, struct history_offset *first)
{
	return header_is(m, CONTRACT_ORIGIN_TOPIC, topic) &&
	       message_header_number(m, CONTRACT_ORIGIN_PARTITION, INT32_MAX, &first->partition) &&
	       message_header_number(m, CONTRACT_ORIGIN_OFFSET, INT64_MAX, &first->offset);
}

/* The order event in the message. NULL: it has none, or one that delivery-service cannot read.
 * Returns owned (free). */
static struct order_event *event_of(const struct message *m)
{
	struct order_event *event = NULL;
	enum event_type type;
	struct error ignored;
	const char *name;
	size_t len;

	if (!message_header_text(m, "type", &name, &len) || !event_order_type(name, len, &type) ||
	    event_decode(type, m->payload, m->payload_len, &event, &ignored) != ST_OK)
		return NULL;
	return event;
}

/* --- events -------------------------------------------------------------------------------- */

static void take_order_event(struct history *h, const struct message *m, const char *topic)
{
	struct order_event *event = event_of(m);
	struct history_partition *partition = history_partition(h, m->at.partition);
	struct fact fact = fact_of(FACT_EVENT, TYPE_UNKNOWN, m);
	struct content content = event ? history_content(event) : (struct content){ 0 };
	int64_t id = event ? event->order_id : 0;
	struct history_offset first;

	if (partition)
		partition->last_offset = m->at.offset;
	fact.replica = m->key ? 0 : FACT_KEYLESS;
	if (event) {
		fact.type = (uint8_t)event->type;
		fact.version = event->version;
	}
	/* With a version it is a copy like any other. */
	if (fact.version == 0 && first_offset(m, topic, &first)) {
		fact.source = FACT_REPLAY;
		history_add_replay(h, id, fact, first, event ? &content : NULL);
	} else if (event) {
		history_add_event(h, id, fact, &content);
	} else {
		history_add(h, id, fact);
	}
	free(event);
}

/* A whole number, or a text that is one. */
static bool member_number(const json_t *root, const char *name, int64_t *out)
{
	const json_t *value = json_object_get(root, name);

	if (json_is_string(value))
		return parse_i64(json_string_value(value), json_string_length(value), INT64_MIN,
				 INT64_MAX, out);
	*out = json_integer_value(value);
	return json_is_integer(value);
}

static const char *member_text(const json_t *root, const char *name)
{
	return json_string_value(json_object_get(root, name));
}

static bool member_is(const json_t *root, const char *name, const char *expected)
{
	const char *text = member_text(root, name);

	return text && strcmp(text, expected) == 0;
}

/* As fact.content. */
static uint32_t announced_content(const json_t *root, uint8_t type)
{
	struct order_event event = { .product_id = member_text(root, "productId"),
				     .product_name = member_text(root, "productName"),
				     .address = member_text(root, "address") };
	struct content content;
	int64_t qty = 0;

	if (!member_is(root, "eventType", event_delivery_names[type]) ||
	    !member_is(root, "status", event_delivery_statuses[type]) ||
	    !member_number(root, "customerId", &event.customer_id) ||
	    !member_number(root, "qty", &qty) || qty < INT32_MIN || qty > INT32_MAX ||
	    !event.product_id || !event.product_name || !event.address)
		return 0;
	event.qty = (int32_t)qty;
	content = history_content(&event);
	return history_content_digest(&content);
}

/* delivery-service does not read Delivery* events: one that nobody can read is nobody's. */
static void take_announcement(struct history *h, const struct message *m, uint8_t type)
{
	json_t *root = m->payload ? json_loadb(m->payload, m->payload_len, 0, NULL) : NULL;
	struct fact fact = fact_of(FACT_ANNOUNCED, type, m);
	int64_t order_id = 0, version = 0;

	if (!member_number(root, "orderId", &order_id) || order_id < 1) {
		h->other_messages++;
	} else {
		if (member_number(root, "version", &version) && version > 0 && version <= INT32_MAX)
			fact.version = (int32_t)version;
		fact.content = announced_content(root, type);
		history_add(h, order_id, fact);
	}
	json_decref(root);
}

void topic_facts_message(struct history *h, const char *topic, const struct message *m)
{
	enum event_type order_type;
	const char *name = "";
	size_t len = 0;
	enum event_type type;

	if (!message_header_text(m, "type", &name, &len) ||
	    event_order_type(name, len, &order_type))
		take_order_event(h, m, topic);
	else if (event_type_find(event_delivery_names, name, len, &type))
		take_announcement(h, m, (uint8_t)type);
	else
		h->other_messages++;
}

/* --- dead letters -------------------------------------------------------------------------- */

void topic_facts_letter(struct history *h, const char *topic, const struct message *m)
{
	struct fact fact = fact_of(FACT_DEAD, TYPE_UNKNOWN, m);
	struct history_offset first;
	struct order_event *event;

	if (!first_offset(m, topic, &first))
		return;
	fact.partition = (int32_t)first.partition;
	fact.offset = first.offset;
	event = event_of(m);
	if (event) {
		fact.type = (uint8_t)event->type;
		fact.version = event->version;
	}
	history_add(h, event ? event->order_id : 0, fact);
	free(event);
}
