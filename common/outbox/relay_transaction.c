#include "common/outbox/relay_transaction.h"

#include <stdlib.h>
#include <string.h>

#include "common/outbox/relay_committed.h"
#include "common/runtime/log.h"

struct relay_transaction {
	struct kafka_producer *producer;
	struct relay_ledger *ledger;
	const char *topic, *key;
	bool begun;             /* and neither committed nor ended */
	bool failed;            /* it cannot be committed any more */
	bool sending;           /* a report now is of what does not get into it */
	size_t sent, delivered; /* messages of it, the state among them */
	int state;              /* its address stands for the state's message */
	int64_t next_log_mono_ms;
};

enum status relay_transaction_open(struct relay_transaction **out, struct kafka_producer *producer,
				   struct relay_ledger *ledger, const char *state_topic,
				   const char *key, struct error *err)
{
	struct relay_transaction *t = calloc(1, sizeof(*t));

	if (!t)
		return error_set(err, ST_INTERNAL, "out of memory");
	t->producer = producer;
	t->ledger = ledger;
	t->topic = state_topic;
	t->key = key;
	*out = t;
	return ST_OK;
}

void relay_transaction_close(struct relay_transaction *t)
{
	free(t);
}

static void fail(struct relay_transaction *t, const char *why)
{
	t->failed = true;
	if (log_due(&t->next_log_mono_ms, 5000))
		log_warn("relay", "transaction failed, its events are published again", "error=%s",
			 LOG_QUOTE(why));
}

/* --- sending ------------------------------------------------------------------------------- */

void relay_transaction_begin(struct relay_transaction *t)
{
	struct error err;

	t->sent = t->delivered = 0;
	t->sending = true;
	/* One of which every row was refused at once is still there, and empty. */
	if (!t->begun && kafka_producer_begin(t->producer, &err) != ST_OK)
		fail(t, err.msg);
	t->begun = true;
}

static void send_state(struct relay_transaction *t)
{
	char *text = relay_committed_encode(t->ledger);
	const struct kafka_producer_message message = {
		.topic = t->topic,
		.key = t->key,
		.key_len = strlen(t->key),
		.payload = text,
		.payload_len = text ? strlen(text) : 0,
	};

	if (text)
		kafka_producer_send(t->producer, &message, &t->state);
	else
		fail(t, "out of memory");
	free(text);
}

void relay_transaction_sent(struct relay_transaction *t)
{
	if (t->ledger->outstanding > 0) {
		send_state(t);
		t->sent = t->ledger->outstanding + 1;
	}
	t->sending = false;
	if (t->failed)
		relay_ledger_abandon(t->ledger, 0);
}

/* --- reports ------------------------------------------------------------------------------- */

/* The reasons that tell of the row or its topic; the others are of the transaction. */
static int blame(int code)
{
	return kafka_producer_blames_topic(code) || kafka_producer_timed_out(code) ? code : 0;
}

static void report_unsent(struct relay_transaction *t, void *message, enum relay_verdict verdict,
			  int code)
{
	if (message == &t->state)
		fail(t, kafka_producer_reason(code));
	else
		relay_ledger_report(t->ledger, message, verdict, t->failed ? 0 : code);
}

void relay_transaction_report(struct relay_transaction *t, void *message,
			      enum relay_verdict verdict, int code)
{
	if (t->sending) {
		report_unsent(t, message, verdict, code);
		return;
	}
	if (verdict == RELAY_ACKED) {
		t->delivered++;
		return;
	}
	if (!t->failed)
		fail(t, kafka_producer_reason(code));
	if (message != &t->state)
		relay_ledger_report(t->ledger, message, verdict,
				    verdict == RELAY_REFUSED ? code : blame(code));
}

/* --- the end ------------------------------------------------------------------------------- */

bool relay_transaction_go_on(struct relay_transaction *t, int timeout_ms)
{
	struct error err;

	if (!t->begun || (!t->failed && (t->sent == 0 || t->delivered < t->sent)))
		return true;
	if (t->failed)
		return false;
	switch (kafka_producer_commit(t->producer, timeout_ms, &err)) {
	case ST_OK:
		t->begun = false;
		relay_ledger_acknowledge(t->ledger);
		return true;
	case ST_UNAVAILABLE:
		return true;
	default:
		fail(t, err.msg);
		return false;
	}
}

void relay_transaction_end(struct relay_transaction *t)
{
	relay_ledger_abandon(t->ledger, 0);
	t->begun = t->failed = false;
}
