include "table"; include "result";
. as $in | .settings as $s
# The short form runs where other things run: it promises less.
| (if $s.scale == "short" then "p50" else "p99" end) as $percentile
| def felt($name): $in["\($name)-innocent"].all_ms[$percentile];
  def row($name; $way; $original): select($in | finished($name))
	| $in["\($name)-innocent"].all_ms as $get | {
	way: $way, answered: "\($in["\($name)-orders"].took_ms / 1000 | fixed(1)) s",
	done: "\($in["\($name)-done"].took_s | fixed(1)) s",
	cpu: ($in["\($name)-cpu"].all | percent), p50: ($get.p50 | milliseconds),
	p99: ($get.p99 | milliseconds), longest: ($get.longest | milliseconds), original: $original };

.run + {
	title: "Load levelling: what an innocent caller feels",
	columns: [
		{ key: "way", heading: "\($s.orders) orders, \($s.users) users" },
		{ key: "answered", heading: "all answered" },
		{ key: "done", heading: "all done" },
		{ key: "cpu", heading: "CPU, mean" },
		{ key: "p50", heading: "GET p50" },
		{ key: "p99", heading: "GET p99" },
		{ key: "longest", heading: "GET longest" },
		{ key: "original", heading: "the original lab" }
	],
	rows: [
		row("http"; "HTTP, synchronous, \($s.threads) threads"; "about 2 min, CPU 100 %"),
		row("http-more"; "HTTP, synchronous, 200 threads"; ""),
		row("pool"; "HTTP, 200 threads, pools of 10 connections"; "-"),
		row("group"; "HTTP, group commit"; "-"),
		row("kafka-1"; "Kafka: 1 partition, 1 consumer"; "n x 1 s, CPU 10 %"),
		row("kafka-4-1"; "Kafka: \($s.partitions) partitions, 1 consumer"; "no difference"),
		row("kafka-4-4"; "Kafka: \($s.partitions) partitions, \($s.partitions - 1) consumers join";
			"divided"),
		row("kafka-key"; "Kafka: 1 partition, 1 consumer, key order"; "-")
	],
	promises: [
		select(finished("kafka-1")) | .["kafka-1-done"].took_s as $took_s
		| { met: (felt("kafka-1") * 10 <= felt("http")),
			text: ("the innocent caller's \($percentile) is at least 10 times better with Kafka: "
				+ "\(felt("kafka-1") | milliseconds) instead of \(felt("http") | milliseconds)") },
		{ met: (.["kafka-1-orders"].took_ms / 1000 < $took_s),
			text: ("with Kafka the users have their answers before the work is done: after "
				+ "\(.["kafka-1-orders"].took_ms / 1000 | fixed(1)) s of \($took_s | fixed(1)) s") },
		# The short form runs beside other tests: how long it takes says nothing.
		(select($s.scale != "short") | { met: ($took_s <= $s.orders * $s.work_ms / 1000 * 1.05),
			text: ("one partition takes n x the work: \($took_s | fixed(1)) s for \($s.orders) x "
				+ "\($s.work_ms) ms") })
	],
	notes: [
		(select(finished("kafka-4-4")) | .["kafka-4-4-done"]
		| "When \($s.partitions - 1) consumers joined, the longest time in which no event at all was "
			+ "done was \(.pause_joined_ms // 0 | milliseconds); before, "
			+ "\(.pause_ms // 0 | milliseconds)."),
		(select($s.scale != "full")
		| "Scaled down: an order costs \($s.work_ms) ms of a processor, not 1 s as in the original "
			+ "lab; FULL=1 runs the original's ways with 1 s, for about an hour."),
		"Over HTTP the innocent caller waits for one of order-service's threads, which the users hold "
		+ "while they wait for the work. More threads than users help here, and as long as nobody "
		+ "waits longer; PostgreSQL then needs as many connections.",
		(select(finished("kafka-1") and finished("group"))
		| "**Pooling** buys nothing for the users, whose wait moves from the work to the connection "
			+ "(\(.["pool-orders"].took_ms / 1000 | fixed(1)) s until all are answered, without it "
			+ "\(.["http-more-orders"].took_ms / 1000 | fixed(1)) s). **Batching** buys the innocent "
			+ "caller's peace (GET \($percentile) \(felt("group") | milliseconds)), since who waits holds no "
			+ "thread; its users wait for the whole batch. **Only the queue** buys the users' time: all are "
			+ "answered after \(.["kafka-1-orders"].took_ms / 1000 | fixed(1)) s."),
		"A Spring service with one pool would let the innocent caller, too, wait for one of the ten "
		+ "connections; here those who read have connections of their own.",
		"With Kafka an answer says that the order is safe, not that its work is done.",
		"One consumer leaves all processors but one to the others, here \($s.cores) - 1; more "
		+ "consumers are done earlier and leave none."
	]
}
