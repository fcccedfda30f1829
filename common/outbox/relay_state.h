/*
 * Inside of a relay, for the files that it is made of: one drives the rounds, one is what a round
 * does with the rows that it read, one has what both need.
 *
 * Threads: the relay's, except where relay.h says otherwise.
 */
#ifndef COMMON_OUTBOX_RELAY_STATE_H
#define COMMON_OUTBOX_RELAY_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/backoff.h"
#include "common/outbox/relay.h"
#include "common/outbox/relay_backlog.h"
#include "common/outbox/relay_counts.h"
#include "common/outbox/relay_lease.h"
#include "common/outbox/relay_patience.h"
#include "common/outbox/relay_publisher.h"
#include "common/outbox/relay_store.h"
#include "common/runtime/wakeup.h"

#define RELAY_TRANSACTIONAL_ID_MAX 320

struct relay {
	struct relay_store outbox;
	bool busy;   /* the last batch was one of BUSY_ROWS */
	bool drowsy; /* the last read found nothing: it is to be slept after one that does not
			either */
	bool waited; /* for a notification, and in vain */
	struct relay_lease lease;
	int64_t term; /* of the lease, for which the bound was begun */
	struct relay_publisher *publisher;
	struct kafka_settings kafka;
	const char *state_topic; /* of the transactions */
	char transactional_id[RELAY_TRANSACTIONAL_ID_MAX];
	struct relay_patience patience;
	bool gives_up;              /* the lease, once the batch is settled */
	int64_t next_rival_mono_ms; /* when to ask again who else is there */
	struct backoff backoff;
	int64_t next_log_mono_ms;
	struct wakeup wakeup; /* set by relay_stop */
	_Atomic bool stopping;
	pthread_t thread;
	bool started; /* thread runs */
	struct relay_backlog backlog;
	struct relay_counts counts;
	struct progress progress;
};

/* The verdicts on the batch, and its topics. */
const struct relay_ledger *relay_state_ledger(const struct relay *relay);
struct relay_topics *relay_state_topics(struct relay *relay);

/* Takes or renews the lease. A new term of it knows of the outbox only what its row tells. */
MUST_CHECK enum status relay_state_keep_lease(struct relay *relay, struct error *err);

/* Its errors are counted only: the fetch logs. */
void relay_state_refresh_backlog(struct relay *relay);

/* With transactions, and while the lease is held: makes the publisher ready for its term. */
void relay_recover(struct relay *relay);

/* Publishes the rows and waits for their verdicts, which are written by the next
 * fetch. */
void relay_publish_batch(struct relay *relay, const PGresult *rows);

/* Gives the lease up if that is for another relay to publish. */
void relay_publish_give_up_if_due(struct relay *relay);

#endif
