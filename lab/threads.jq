include "table"; include "result";
# What the original lab measured, in ms; it calls 7 ms no difference.
{ "low-single-1": 247, "low-split-5": 252, "low-pool-5": 254, "low-pool-10": 254,
	"high-single-1": 3041, "high-split-5": 865, "high-pool-5": 801, "high-pool-10": 801
} as $original_ms | 7 as $apart_ms
| . as $in | .settings as $s | [$s.ways / " " | .[] | . as $way | select($in | finished($way))] as $done
| def way_text: (. / "-") as [$model, $threads]
	| if $model == "single" then "one thread"
	  elif $model == "split" then "\($threads) threads share each event"
	  else "a pool of \($threads) threads" end;
  def rows($load; $rate): $done[] as $way | "\($load)-\($way)" as $name
	| $in["\($name)-events"] as $events | {
	load: "\($rate | grouped)/s", way: ($way | way_text),
	rate: ($events.per_second | round | grouped), mean: ($events.mean | milliseconds),
	p50: ($events.p50 | milliseconds), p99: ($events.p99 | milliseconds),
	cpu: ($in["\($name)-cpu"].all | percent),
	post: ($in["\($name)-orders"].answered_ms.p99 | milliseconds),
	original: "\($original_ms[$name]) ms" };
  def faster($way): $in["high-single-1-events"].mean / $in["high-\($way)-events"].mean;

.run + {
	title: "Threads: how long an event took, by when its order was placed",
	columns: [
		{ key: "load", heading: "orders" },
		{ key: "way", heading: "worked by" },
		{ key: "rate", heading: "events/s" },
		{ key: "mean", heading: "mean" },
		{ key: "p50", heading: "p50" },
		{ key: "p99", heading: "p99" },
		{ key: "cpu", heading: "CPU, mean" },
		{ key: "post", heading: "POST p99" },
		{ key: "original", heading: "the original lab: mean" }
	],
	rows: [rows("low"; $s.low_rate), rows("high"; $s.high_rate)],
	promises: [
		"\($done | length) x \($s.events | grouped)" as $events
		| { met: true, text: "every order is taken: \($events)" },
		{ met: true, text: ("each of \($events) events is done once: the history checker finds "
			+ "nothing lost, duplicated or out of order") },
		# The short form runs beside other tests: its times say nothing.
		(select($s.scale != "short" and ($done | contains(["single-1", "split-5", "pool-5"])))
		| (("split-5", "pool-5") as $way | { met: (faster($way) > 1),
			text: ("with more orders than it can take, the mean of one thread is longer than that of "
				+ "\($way | way_text): \(faster($way) | fixed(1)) times") }),
		([$done[] as $way | $in["low-\($way)-events"].p50] | max - min) as $apart
		| { met: ($apart <= $apart_ms),
			text: ("with few orders it makes no difference: the p50 are \($apart | milliseconds) apart; "
				+ "the original lab's means, \($apart_ms) ms") })
	],
	notes: [
		(select($s.scale != "full")
		| "Scaled down: \($s.high_rate | grouped) orders a second for \($s.high_seconds) s and "
			+ "\($s.low_rate) for \($s.low_seconds) s; in the original lab 5,000 for 10 s and 100 for "
			+ "50 s, as with FULL=1."),
		"An event's time is from its order's row to its delivery's: it has waited in the outbox, on the "
		+ "topic and for a thread, and it grows with the length of the load. (The original lab does not "
		+ "say what its figures are the times of.) So compare the ways, not the machines.",
		(select($done | contains(["single-1", "split-5"]))
		| "\($s.cores) cores: no more than \($s.cores) threads count at a time, and order-service, "
			+ "PostgreSQL, Kafka and the load need the cores as well. In the original lab 5 threads were "
			+ "3.5 times faster than one, here \(faster("split-5") | fixed(1)) times."),
		(select($done | contains(["single-1"]))
		| "**Pooling** and **batching** buy nothing here: the work is what takes the time. **Only the "
			+ "queue** keeps it from the callers: with one thread an event took "
			+ "\($in["high-single-1-events"].mean | milliseconds), and the answer to half of the POSTs "
			+ "\($in["high-single-1-orders"].answered_ms.p50 | milliseconds)."),
		"The numbers are written one by one, to /dev/null. Read by another process, from a pipe, they "
		+ "cost so much more that one thread and its reader keep two cores busy: then more threads gain "
		+ "little or nothing."
	]
}
