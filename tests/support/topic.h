/*
 * Topics, as seen by a plain Kafka client: made and altered, read from the beginning, written with
 * anything that a foreign client may send.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_TOPIC_H
#define TESTS_SUPPORT_TOPIC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void topic_create(const char *name, int partitions);
/* One partition, of which the last message of each key is kept. */
void topic_create_compacted(const char *name);
/* Kafka can only add partitions. */
void topic_alter(const char *name, int partitions);
/* As retention does: what lies before the offset is gone. */
void topic_cut(const char *name, int partition, int64_t offset);

/* A setting of the topic, as the broker says it; in the arena. */
const char *topic_setting(const char *name, const char *setting);

#define HEADERS_MAX 16

struct header {
	const char *name;
	const char *value; /* NULL: a null value */
	size_t len;        /* of value; 0 with a value: up to its NUL */
};

/* --- reading ------------------------------------------------------------------------------- */

/* All of it is in the arena. */
struct message {
	int partition;
	int64_t offset;
	int64_t timestamp_ms;
	const char *key; /* NULL: none */
	size_t key_len;
	const char *payload; /* NULL: none */
	size_t payload_len;
	json_t *json; /* the payload, NULL: not JSON */
	struct header headers[HEADERS_MAX];
	size_t header_count;
};

struct tail {
	struct message *messages; /* per partition in offset order */
	size_t count;
	/* the reader's own: */
	void *client;
	const char *topic, *origin;
	int64_t *next; /* per partition: the next offset */
	int partitions;
	size_t capacity;
	struct tail *other;
};

/* Reads the topic from its beginning, in all partitions that it has or gets. */
struct tail *tail_open(const char *topic);

/* Likewise the dead letters that came from the topic. */
struct tail *tail_open_dead_letters(const char *topic);

/* Reads up to what is on the topic now; returns how many messages there are in all. */
size_t tail_read(struct tail *tail);

/* Reads until there are at least count messages; false: not within timeout_ms. */
bool tail_await(struct tail *tail, size_t count, int64_t timeout_ms);

/* Closes all readers; their messages stay in the arena. */
void tail_close_all(void);

/* The value of the last header of that name, "" without one. */
const char *message_header(const struct message *message, const char *name);

/* How many of the tail's messages have the header type. */
size_t tail_count(const struct tail *tail, const char *type);

/* The n-th (from 0) message with that header type about the order; NULL: there is none. */
const struct message *tail_find(const struct tail *tail, const char *type, int64_t order_id,
				size_t n);

/* --- writing ------------------------------------------------------------------------------- */

struct raw_message {
	const char *topic;
	int partition;       /* -1: by the key, as Java does */
	const char *key;     /* NULL: none */
	const char *payload; /* NULL: a null payload */
	size_t payload_len;  /* 0 with a payload: up to its NUL */
	struct header headers[HEADERS_MAX];
};

/* Returns when the broker has it: its offset. */
int64_t produce(const struct raw_message *message);

/* Likewise for messages (at least one) that go out in this order: the offset of the last. */
int64_t produce_all(const struct raw_message *messages, size_t count);

#endif
