/*
 * Messages that a person sends, or sends again: one at a time, each until the brokers have it, once
 * and in order. What services publish goes through kafka_producer.
 *
 * Threads: one owner.
 */
#ifndef COMMON_KAFKA_KAFKA_SENDER_H
#define COMMON_KAFKA_KAFKA_SENDER_H

#include "common/base/error.h"
#include "common/event/message.h"
#include "common/kafka/kafka_settings.h"

struct kafka_sender;

/* settings are borrowed until close; their topic is not looked at. ST_INVALID: a bad setting. */
MUST_CHECK enum status kafka_sender_open(struct kafka_sender **out,
					 const struct kafka_settings *settings, struct error *err);
void kafka_sender_close(struct kafka_sender *sender);

/* How many partitions the topic has. ST_NOT_FOUND: there is no such topic, or cannot be.
 * ST_UNAVAILABLE: no broker answers. */
MUST_CHECK enum status kafka_sender_partitions(struct kafka_sender *sender, const char *topic,
					       int32_t *count, struct error *err);

/*
 * Key, payload and headers go to the topic: to the partition at.partition. Where that is negative,
 * a key goes to the partition that Java's clients give it, and what has none round-robin. at: where
 * the message is now. ST_CONFLICT: refused, and sending it again would be refused again: it is too
 * large, there is no such topic or partition, and the like. ST_UNAVAILABLE: not acknowledged within
 * half a minute; it may have arrived.
 */
MUST_CHECK enum status kafka_sender_send(struct kafka_sender *sender, const char *topic,
					 struct message *message, struct error *err);

#endif
