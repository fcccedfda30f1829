#include "common/outbox/relay_counts.h"

void relay_counts_init(struct relay_counts *c)
{
	c->batch_size.first = 1;
	c->publish_us.first = 128;
}

void relay_counts_batch(struct relay_counts *c, const struct relay_ledger *ledger)
{
	atomic_fetch_add(&c->published, (int64_t)ledger->acked);
	atomic_fetch_add(&c->refused, (int64_t)ledger->refused);
	atomic_fetch_add(&c->retried, (int64_t)ledger->retry);
	histogram_observe(&c->batch_size, (int64_t)ledger->count);
}

void relay_counts_metrics(const struct relay_counts *c, struct metrics_out *out)
{
	metrics_one(out, "relay_active", "gauge", "1 if this process publishes the outbox.",
		    atomic_load(&c->active));
	metrics_one(out, "relay_fetches_total", "counter", "Reads of the outbox, empty ones too.",
		    atomic_load(&c->fetches));
	metrics_one(out, "relay_published_total", "counter", "Events acknowledged by Kafka.",
		    atomic_load(&c->published));
	metrics_one(out, "relay_refused_total", "counter",
		    "Events that Kafka refused permanently (outbox_dead).",
		    atomic_load(&c->refused));
	metrics_one(out, "relay_retried_total", "counter", "Events to be published again.",
		    atomic_load(&c->retried));
	metrics_one(out, "relay_topics_failing", "gauge",
		    "Topics that take no events now: theirs wait, others go on.",
		    atomic_load(&c->topics_failing));
	metrics_one(out, "relay_given_up_total", "counter",
		    "Leases given up to another relay, since Kafka took nothing from this one.",
		    atomic_load(&c->given_up));
	metrics_one(out, "relay_unnotified_total", "counter",
		    "Reads that found events although nothing had notified a relay that slept.",
		    atomic_load(&c->unnotified));
	metrics_one(out, "relay_recovered_total", "counter",
		    "Events deleted since an earlier transaction had committed them to Kafka.",
		    atomic_load(&c->recovered));
	metrics_one(out, "relay_database_errors_total", "counter",
		    "Calls of the database that failed.", atomic_load(&c->database_errors));
	histogram_write(out, &c->batch_size, "relay_batch_events", "Events per batch published.",
			1);
	histogram_write(out, &c->publish_us, "relay_publish_duration_seconds",
			"Time from sending a batch to its last acknowledgement.", 1e6);
}
