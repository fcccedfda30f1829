/*
 * Sends letters back to the topics they came from: key, payload and headers as they came, without
 * the reason, and with x-replayed-from. The x-original-* headers stay: by them delivery-service
 * knows an event again that has no version. One letter at a time, in the order of the dead-letter
 * topic; the first that Kafka does not acknowledge ends it. A letter without a key goes to the
 * partition it came from.
 *
 * The group's position moves behind the acknowledgement. A crash between the two sends a letter
 * again, which has no second effect.
 *
 * Threads: main only; what was done is printed on stdout.
 */
#ifndef TOOLS_DEAD_LETTERS_REPLAY_H
#define TOOLS_DEAD_LETTERS_REPLAY_H

#include "tools/dead-letters/letters.h"

struct replay;

/* settings and l are borrowed for its lifetime. topic: for letters that name none; empty: these
 * are skipped. */
MUST_CHECK enum status replay_open(struct replay **out, const struct kafka_settings *settings,
				   struct letters *l, const char *topic, struct error *err);
void replay_close(struct replay *r);

/* All that the group's position is not past. On an error the position is before the letter that
 * could not be sent. */
MUST_CHECK enum status replay_all(struct replay *r, struct error *err);

/* One, whether replayed or not; the position moves only if it is the next one. ST_INVALID: it
 * names no topic. Other errors as letters_find's. */
MUST_CHECK enum status replay_one(struct replay *r, const struct letter_number *number,
				  struct error *err);

#endif
