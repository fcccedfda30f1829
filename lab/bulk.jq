include "table"; include "result";
. as $in | .settings as $s
| def row($name; $way; $original): select($in | finished($name)) | $in[$name] as $load
	| $in["\($name)-database"].done as $done | {
	way: $way, answered: ($load.answered | grouped), refused: ($load.errors | grouped),
	late: ($load.timed_out | grouped), done: ($done | grouped),
	lost: ($s.orders - $done | grouped), p50: ($load.all_ms.p50 | milliseconds),
	p99: ($load.all_ms.p99 | milliseconds), cpu: ($in["\($name)-cpu"].all | percent),
	original: $original };
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
	rows: [row("http"; "HTTP, synchronous"; "time-outs, losses"),
		row("kafka"; "Kafka"; "nothing lost")],
	promises: [
		(select(finished("http")) | ($s.orders - .["http-database"].done) as $lost
		| { met: ($lost > 0),
			text: "over HTTP orders are lost: \($lost | grouped) of \($s.orders | grouped)" }),
		(select(finished("kafka")) | .["kafka-database"].done as $done
		| { met: ($done == $s.orders),
			text: "with Kafka \($done | grouped) of \($s.orders | grouped) orders are in the database" },
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
		"order-service has \($s.threads_http) threads over HTTP, as a Tomcat has, each with a "
		+ "connection to PostgreSQL, and \($s.threads_kafka) with Kafka, which need none.",
		"Over HTTP more orders are in the database than were answered: they were done for callers "
		+ "who had stopped waiting, and who will order again. When the load ended, thousands of such "
		+ "calls were still waiting in the service."
	]
}
