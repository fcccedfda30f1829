/*
 * The narrow way to publish: an idempotent producer (acks=all, no message ever times out). What is
 * sent is on the topic once and in order, or its report says why not. It may be transactional.
 * librdkafka stays inside, so a simulated producer can be linked in its place.
 *
 * Threads: one owner; kafka_producer_reachable from any.
 */
#ifndef COMMON_KAFKA_KAFKA_PRODUCER_H
#define COMMON_KAFKA_KAFKA_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"

struct kafka_producer;
struct message_header; /* common/event/message.h */

struct kafka_producer_message {
	const char *topic;
	const void *key; /* NULL: none, the message goes round-robin */
	size_t key_len;
	const void *payload; /* NULL: a null payload */
	size_t payload_len;
	const struct message_header *headers;
	size_t header_count;
};

enum kafka_producer_verdict {
	KAFKA_PRODUCER_ACKED,
	KAFKA_PRODUCER_REFUSED, /* permanently: no retry mends it */
	KAFKA_PRODUCER_RETRY,
};

/*
 * Called once for each message sent, with the opaque of its send, on the owner's thread: within
 * send, poll or abandon. code: for kafka_producer_reason.
 */
typedef void kafka_producer_report(void *context, void *opaque, enum kafka_producer_verdict verdict,
				   int code);

/* settings' strings and context are borrowed until close. ST_INVALID: a setting. */
MUST_CHECK enum status kafka_producer_open(struct kafka_producer **out,
					   const struct kafka_settings *settings,
					   kafka_producer_report *report, void *context,
					   struct error *err);

/* Drops what is outstanding, without reports. */
void kafka_producer_close(struct kafka_producer *producer);

/*
 * Queues a copy of the message. Keys go to the partitions that Java's default partitioner gives
 * them; messages without a key go round-robin. A message that cannot be queued is reported at once.
 */
void kafka_producer_send(struct kafka_producer *producer,
			 const struct kafka_producer_message *message, void *opaque);

/* Sends what is queued, without lingering, and takes reports, for up to timeout_ms. False: the
 * producer has lost its state or the topic's leaders, or there is none: nothing can be sent until
 * it is abandoned. */
bool kafka_producer_poll(struct kafka_producer *producer, int timeout_ms);

/*
 * What is outstanding will not reach Kafka late: it is purged and reported, and a new producer
 * takes over. No report on it comes later. ST_INVALID: there is no new producer; what is sent is
 * reported as to be retried, until an abandon makes one.
 */
MUST_CHECK enum status kafka_producer_abandon(struct kafka_producer *producer, struct error *err);

/*
 * With settings->transactional_id every message belongs to a transaction: consumers that read
 * committed see its messages after kafka_producer_commit has said ST_OK, all at once. After any
 * other end the producer is to be abandoned; the next one's prepare ends the transaction (commits
 * it if its commit had begun, else aborts it), and raises the id's epoch, so that no request of it
 * which is late gets into a later transaction.
 *
 * prepare comes once for each producer, before all else: it ends the transactions of whoever had
 * the id, and takes the id from him. Of prepare and commit ST_UNAVAILABLE: not done yet, call it
 * again. ST_INTERNAL, of all three: the producer is to be abandoned.
 */
MUST_CHECK enum status kafka_producer_prepare(struct kafka_producer *producer, int timeout_ms,
					      struct error *err);
MUST_CHECK enum status kafka_producer_begin(struct kafka_producer *producer, struct error *err);
MUST_CHECK enum status kafka_producer_commit(struct kafka_producer *producer, int timeout_ms,
					     struct error *err);

/* True if the brokers say that the topic is there, and each partition has a leader (blocks up to
 * half a second). */
bool kafka_producer_can_send(struct kafka_producer *producer, const char *topic);

/* True if the broker answers now (blocks up to half a second). */
bool kafka_producer_reachable(struct kafka_producer *producer);

/* A report's code: the one of a message that was purged, a code in words, whether it tells of the
 * message's topic, so that no other producer would fare better, and whether the partition's leader
 * did not take it in time. */
int kafka_producer_purged(void);
const char *kafka_producer_reason(int code);
bool kafka_producer_blames_topic(int code);
bool kafka_producer_timed_out(int code);

#endif
