/*
 * Sends what letters hold, one at a time, and waits for the acknowledgement: key, payload and
 * headers as they came, without the reason, and with x-replayed-from. The x-original-* headers
 * stay: by them delivery-service knows an event again that has no version.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_DEAD_LETTERS_REPLAY_SEND_H
#define TOOLS_DEAD_LETTERS_REPLAY_SEND_H

#include "common/base/error.h"
#include "common/event/message.h"
#include "common/kafka/kafka_settings.h"

struct replay_send;

/* settings are borrowed for its lifetime. ST_INVALID: a setting. */
MUST_CHECK enum status replay_send_open(struct replay_send **out,
					const struct kafka_settings *settings, struct error *err);
void replay_send_close(struct replay_send *s);

/*
 * Sends the letter to the topic; partition: for a letter without a key, -1: any. *at is written on
 * ST_OK. ST_CONFLICT: refused, and sending it again would be refused again: the topic or its
 * partition does not exist, the message is too large, and the like. ST_UNAVAILABLE: not
 * acknowledged; it may have arrived.
 */
MUST_CHECK enum status replay_send_letter(struct replay_send *s, const struct message *letter,
					  const char *topic, int32_t partition,
					  struct topic_offset *at, struct error *err);

/* Puts the letter at the end of the dead-letter topic, with another reason. Else the same. */
MUST_CHECK enum status replay_send_back(struct replay_send *s, const struct message *letter,
					const char *reason, struct topic_offset *at,
					struct error *err);

#endif
