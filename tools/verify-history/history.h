/*
 * What is known of the past of a run, in memory: everything that the topic, the tables and the
 * clients say about an order, as small facts of one kind. The readers fill it, judge.c judges it.
 * Pure: no I/O, no clock.
 *
 * Invariant: the facts of an order stay in the order in which they were added. The readers add
 * effects by their id and the events of a partition by their offset, effects before events.
 *
 * Memory: 40 bytes a fact, about 250 an order. Running out of it is sticky: no_memory, asked once
 * at the end.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_VERIFY_HISTORY_HISTORY_H
#define TOOLS_VERIFY_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "common/event/event.h"

enum fact_source {
	FACT_EVENT,     /* an Order* event on the topic */
	FACT_REPLAY,    /* likewise: a dead letter that was put there again, known by its first
			 * offset: without a version, or unreadable */
	FACT_EFFECT,    /* a row of delivery.history */
	FACT_ANNOUNCED, /* a Delivery* event on the topic */
	FACT_DEAD,      /* a dead letter, at the first offset of its original */
	FACT_SKIPPED,   /* a row of delivery.given_up: a version that is not waited for */
	FACT_PARKED,    /* a row of delivery.parked */
	FACT_ACK,       /* a client got a 2xx */
};
#define FACT_SOURCE_COUNT 8

#define TYPE_UNKNOWN 255 /* of a message that cannot be read */

#define FACT_KEYLESS 1 /* its message has no key */

struct fact {
	int64_t offset;  /* on the topic; an effect's: that of its event */
	int64_t at_ms;   /* wall clock: published, applied, parked, ... */
	int32_t version; /* 0: the event carries none */
	int32_t partition;
	uint32_t
		mark; /* an effect's: its number among the order's; an event's: its payload's digest
		       */
	uint32_t content; /* an event's and an announcement's: history_content_digest; 0: the
			   * message does not say what one of its type must */
	uint16_t replica; /* an effect's: index into replicas; an event's: FACT_KEYLESS or 0 */
	uint8_t source;   /* enum fact_source */
	uint8_t type;     /* enum event_type, or TYPE_UNKNOWN */
};

/* What an event and a row say about the goods. The texts are digests: equal or not is all that is
 * asked. */
struct content {
	int64_t customer_id;
	int32_t qty;
	uint32_t product_id, product_name, address;
};

/* A row of orders.orders or delivery.delivery. */
struct history_row {
	bool present;
	uint8_t type; /* its status, as the event that leads to it */
	int32_t version;
	int64_t updated_ms;
	struct content content;
};

struct history_order {
	int64_t id; /* 0: messages that cannot be read, so that nobody knows whose they are */
	struct fact *facts; /* owned */
	uint32_t count, capacity;
	uint32_t effect_count, last_effect; /* the latter an index into facts */
	struct history_row order, delivery;
	/* The content of the event with the highest version; of one without a version: if it had
	 * the order's last effect. */
	struct content content;
	int32_t content_version; /* -1: none is known */
	int64_t cancel_ack_ms; /* a client got the 204 of a DELETE, which names no version; 0: none
				*/
	UT_hash_handle hh;
};

struct history_partition {
	int64_t next_offset; /* the consumers' position; -1: they have none */
	int64_t last_offset; /* of the last message that delivery-service must work; -1: none */
};

struct history_offset {
	int64_t partition, offset;
};

/* The beginning of a partition's log that is gone: the offsets from 0 up to before count. */
struct history_hole {
	int32_t partition;
	int64_t count;
	int64_t until_ms; /* when the first message behind it was published; INT64_MAX: none is */
};

struct history_holes {
	struct history_hole *list; /* owned */
	uint32_t count;
};

/* A replayed dead letter: where it is on the topic, and where it first was. */
struct history_replay {
	struct history_offset here, first;
	UT_hash_handle hh;
};

/* Rows that wait in an outbox, or that Kafka refused. */
struct history_backlog {
	int64_t count;
	int64_t oldest_ms;
	char what[160]; /* of the refused: why */
};

enum history_outbox { OUTBOX_ORDERS, OUTBOX_DELIVERY };

struct history {
	struct history_order *orders;   /* a hash by id, walked in the order of the first mention */
	struct history_replay *replays; /* a hash by here */
	struct history_partition *partitions; /* owned; by number */
	int32_t partition_count;
	char **replicas; /* owned */
	uint16_t replica_count;
	struct history_holes holes, letter_holes; /* in the events' topic, in the dead letters' */
	struct history_backlog waiting[2], refused[2]; /* by enum history_outbox */
	int64_t acknowledged;                          /* lines of the clients' file */
	bool acks_given;
	int64_t other_messages; /* on the topic, none of the lab's business */
	bool no_memory;
};

void history_fini(struct history *h);

/* A digest of bytes, for equal or not. */
uint32_t history_digest(const void *bytes, size_t len);

struct content history_content(const struct order_event *event);

/* For fact.content. */
uint32_t history_content_digest(const struct content *content);

/* The order, made if it is new; NULL: out of memory. */
struct history_order *history_order(struct history *h, int64_t id);

void history_add(struct history *h, int64_t order_id, struct fact fact);

/* An event, with its content, which its fact gets the digest of. */
void history_add_event(struct history *h, int64_t order_id, struct fact fact,
		       const struct content *content);

/* Likewise the copy of a dead letter, which is no event of its own: fact is a FACT_REPLAY that was
 * at first before. content NULL: nobody can read it. */
void history_add_replay(struct history *h, int64_t order_id, struct fact fact,
			struct history_offset first, const struct content *content);

/* Where the message at the fact's offset first was: there, unless it is a replay. */
struct history_offset history_first_offset(const struct history *h, const struct fact *fact);

/* A hole, whose end is still unknown: the first message of the partition says it. */
void history_add_hole(struct history *h, struct history_holes *holes, int32_t partition,
		      int64_t count);
void history_end_hole(struct history_holes *holes, int32_t partition, int64_t at_ms);

/* The hole in the partition; NULL: its log is whole. */
const struct history_hole *history_find_hole(const struct history_holes *holes, int64_t partition);

/* The name's index, for fact.replica. */
uint16_t history_replica(struct history *h, const char *name);

#define HISTORY_PARTITIONS_MAX 100000 /* more than a topic has */

/* The partition, with all below it, made if it is new; NULL: out of memory, or no number of one. */
struct history_partition *history_partition(struct history *h, int32_t number);

#endif
