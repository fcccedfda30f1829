/*
 * A check of a dependency that may hang, asked in a thread of its own: whoever wants its answer
 * waits for a bounded time only. All who ask at the same time share an answer, and nobody gets one
 * to a question that was asked before his own.
 *
 * Threads: any; open and close from the owner.
 */
#ifndef COMMON_SERVICE_HEALTH_ASKER_H
#define COMMON_SERVICE_HEALTH_ASKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/strbuf.h"

/* Whether a dependency works; if not, why may say why not: "no session: connection refused". It may
 * hang. */
typedef bool health_ask(void *context, struct strbuf *why);

struct health_asker;

/* name is borrowed. ST_INTERNAL: no thread or memory is left. */
MUST_CHECK enum status health_asker_open(struct health_asker **out, const char *name,
					 health_ask *ask, void *context, struct error *err);

/* Waits for the check to end. NULL is fine. */
void health_asker_close(struct health_asker *asker);

/* Asks; the answer is that of health_asker_end with the number that is returned. */
int64_t health_asker_begin(struct health_asker *asker);

/* Waits for the answer until the deadline. False: it does not work, or has not answered; then adds
 * "database: no answer for 7 s", or the check's own reason. A check that has not answered for
 * longer than HEALTH_ASKER_PATIENCE_MS is not waited for. */
bool health_asker_end(struct health_asker *asker, int64_t number, int64_t deadline_mono_ms,
		      struct strbuf *why);

#define HEALTH_ASKER_PATIENCE_MS 1000

#endif
