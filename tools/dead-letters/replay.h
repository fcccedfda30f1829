/*
 * Sends letters back to the topics they came from, one at a time, in the order of the dead-letter
 * topic. A letter without a key goes to the partition it came from.
 *
 * A letter that is refused (too large, no such topic or partition) holds up nothing: it becomes a
 * new letter at the end of the dead-letter topic, with the refusal as its reason, as what
 * delivery-service cannot apply again does. A broker that does not answer ends the replay.
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

/* All that the group's position is not past. ST_CONFLICT: some were refused or skipped, which was
 * said. On another error the position is before the letter that could not be sent. */
MUST_CHECK enum status replay_all(struct replay *r, struct error *err);

/* One, whether replayed or not; the position moves only if it is the next one. ST_INVALID: it
 * names no topic. ST_CONFLICT: it is refused. Other errors as letters_find's. */
MUST_CHECK enum status replay_one(struct replay *r, const struct letter_number *number,
				  struct error *err);

#endif
