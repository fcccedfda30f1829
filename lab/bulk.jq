include "table"; include "result";
. as $in | .settings as $s
| def row($name; $way; $orders; $original): select($in | finished($name)) | $in[$name] as $load
	| $in["\($name)-database"].done as $done | {
	way: $way, answered: ($load.answered | grouped), refused: ($load.errors | grouped),
	late: ($load.timed_out | grouped), done: ($done | grouped),
	lost: ($orders - $done | grouped), p50: ($load.all_ms.p50 | milliseconds),
	p99: ($load.all_ms.p99 | milliseconds), cpu: ($in["\($name)-cpu"].all | percent),
	original: $original };
  def away($name): row("\($name)-away"; "\(way_names[$name]); of \($s.away_orders | grouped), "
	+ "\($s.away_rate | grouped)/s, delivery-service away \($s.away_seconds) s"; $s.away_orders; "-");
  # On a machine that does much else, a call may be late for other reasons.
  def failed($name): $in[$name] | .errors + (if $s.scale == "short" then 0 else .timed_out end);
  def over($name): ($in[$name].took_ms // 0) / 1000 | fixed(1);

.run + {
	title: "Bulk load: calls that were answered, second by second",
	columns: [
		{ key: "way", heading: "\($s.orders | grouped) orders, \($s.rate | grouped)/s" },
		{ key: "answered", heading: "answered" },
		{ key: "refused", heading: "refused" },
		{ key: "late", heading: "timed out" },
		{ key: "done", heading: "in the database" },
		{ key: "lost", heading: "lost" },
		{ key: "p50", heading: "call p50" },
		{ key: "p99", heading: "call p99" },
		{ key: "cpu", heading: "CPU, mean" },
		{ key: "original", heading: "the original lab" }
	],
	rows: [row("http"; way_names.http; $s.orders; "time-outs, losses"),
		row("pool"; way_names.pool; $s.orders; "-"), row("group"; way_names.group; $s.orders; "-"),
		row("kafka"; way_names.kafka; $s.orders; "nothing lost"), away("group"), away("kafka")],
	promises: [
		(select(finished("http")) | ($s.orders - .["http-database"].done) as $lost
		| { met: ($lost > 0),
			text: "over HTTP orders are lost: \($lost | grouped) of \($s.orders | grouped)" }),
		(select(finished("kafka")) | .["kafka-database"].done as $done
		| { met: ($done == $s.orders),
			text: "with Kafka \($done | grouped) of \($s.orders | grouped) orders are in the database" },
		(select(finished("group-away")) | { met: (failed("group-away") > 0),
			text: ("while delivery-service is away, calls fail with group commit: "
				+ "\(failed("group-away") | grouped) of \($s.away_orders | grouped)") }),
		(select(finished("kafka-away")) | { met: (failed("kafka-away") == 0),
			text: "with Kafka none fails: \(failed("kafka-away") | grouped)" }),
		{ met: true, text: "the history checker finds nothing lost, duplicated or out of order" })
	],
	notes: [
		if $s.scale == "short" then
			"Scaled down: \($s.rate | grouped) calls a second for \($s.seconds) s, a time-out of "
			+ "\($s.timeout_s) s."
		else
			"Nothing is scaled down: 5,000 calls a second for 60 s are the original lab's load. A "
			+ "call has timed out \($s.timeout_s) s after it was due."
		end,
		"The services and servers run at nice 10, so that the callers, who would be on other "
		+ "machines, keep their rate: the last call was over \(over("http")) s (HTTP) and "
		+ "\(over("kafka")) s (Kafka) after the first was due.",
		(select(finished("kafka-away")) | "**Pooling** buys \(.pool.answered | grouped) answers instead of "
			+ "\(.http.answered | grouped): no call pays for connections. **Batching** buys "
			+ "\(.group.answered | grouped): orders that wait share a transaction. **Only the queue** buys "
			+ "that orders go on without delivery-service: \(failed("kafka-away") | grouped) calls failed, "
			+ "and \(failed("group-away") | grouped) without it."),
		"Without a pool and with one, order-service and delivery-service have 200 threads, as a Tomcat "
		+ "has. With group commit and with Kafka a call that waits holds no thread.",
		"Over HTTP without group commit more orders are in the database than were answered: they were done for callers "
		+ "who had stopped waiting, and who will order again. When the load ended, thousands of such "
		+ "calls were still waiting in the service."
	]
}
