/*
 * Messages sent by hand: one at a time, each until the brokers have it. What services publish goes
 * through kafka_producer.
 *
 * Threads: one owner.
 */
#ifndef COMMON_KAFKA_KAFKA_SENDER_H
#define COMMON_KAFKA_KAFKA_SENDER_H

#include "common/base/error.h"
#include "common/event/message.h"
#include "common/kafka/kafka_settings.h"

struct kafka_sender;

/* settings are borrowed until close. ST_INVALID: a bad setting. */
MUST_CHECK enum status kafka_sender_open(struct kafka_sender **out,
					 const struct kafka_settings *settings, struct error *err);
void kafka_sender_close(struct kafka_sender *sender);

/* How many partitions the settings' topic has. ST_NOT_FOUND: there is no such topic.
 * ST_UNAVAILABLE: no broker answers. */
MUST_CHECK enum status kafka_sender_partitions(struct kafka_sender *sender, int32_t *count,
					       struct error *err);

/*
 * Key, payload and headers go to the settings' topic: to the partition at.partition, or where that
 * is negative to the one that Java's clients give the key. at: where the message is now.
 * ST_UNAVAILABLE: the brokers do not have it within ten seconds, or refuse it.
 */
MUST_CHECK enum status kafka_sender_send(struct kafka_sender *sender, struct message *message,
					 struct error *err);

#endif
