include "table"; include "result";
. as $in | .settings as $s
| def errors($name): $in["\($name)-users"] | (.errors + .timed_out) as $failed
	| 10000 * $failed / ($failed + .answered) | round / 100;
  def row($name; $way; $original): select($in | finished($name))
	| $in["\($name)-users"] as $users | $in["\($name)-coupons"] as $coupons | {
	way: $way, errors: "\(errors($name)) %", p50: ($users.answered_ms.p50 | milliseconds),
	p99: ($users.answered_ms.p99 | milliseconds), acknowledged: ($coupons.acknowledged | grouped),
	issued: ($coupons.issued | grouped), lost: ($coupons.lost | grouped),
	unknown: ($coupons.unknown | grouped),
	connections: ($in["\($name)-connections"].peak | tostring),
	took: "\($users.took_ms / 1000 | round) s", original: $original };
  def failures($status): $in["http-users"].statuses[$status] // 0;
  def p50($name): $in["\($name)-users"].answered_ms.p50 | milliseconds;

.run + {
	title: "A rush of \($s.users | grouped) users: calls and connections, second by second",
	columns: [
		{ key: "way", heading: "\($s.calls | grouped) calls, \($s.users | grouped) users" },
		{ key: "errors", heading: "errors" },
		{ key: "p50", heading: "answered: p50" },
		{ key: "p99", heading: "p99" },
		{ key: "acknowledged", heading: "coupons acknowledged" },
		{ key: "issued", heading: "issued" },
		{ key: "lost", heading: "lost" },
		{ key: "unknown", heading: "issued, but not told" },
		{ key: "connections", heading: "connections, of \($s.connections)" },
		{ key: "took", heading: "took" },
		{ key: "original", heading: "the original lab: errors" }
	],
	rows: [row("http"; way_names.http; "-"), row("pool"; way_names.pool; "68.06 %"),
		row("group"; way_names.group; "-"), row("kafka"; way_names.kafka; "37.49 %")],
	promises: [
		# Fewer than 10 % are not well above none.
		(select(finished("http"))
		| { met: (errors("http") >= 10), text: "without Kafka and without a pool many calls fail: \(errors("http")) %" }),
		(select(finished("kafka"))
		| { met: (errors("kafka") == 0), text: "with Kafka no call fails: \(errors("kafka")) %" },
		{ met: true,
			text: ("with Kafka \($s.calls | grouped) of \($s.calls | grouped) coupons are acknowledged "
				+ "and issued once: the history checker finds nothing lost or duplicated") })
	],
	notes: [
		if $s.scale == "short" then
			"Scaled down: \($s.users | grouped) users, in the original lab 6,000."
		else
			"Users, services and connections are as many as the original lab's, but all share this "
			+ "machine; the original had a cluster of seven, and others for the database and the load. "
			+ "FULL=1 makes ten times as many calls."
		end,
		(select(finished("http"))
		| "Of the calls that failed without Kafka, \(failures("503") | grouped) got no connection to "
			+ "the database (503), \(failures("502") | grouped) none for delivery-service (502), and "
			+ "\(failures("504") + .["http-users"].timed_out | grouped) took too long. Such a call is "
			+ "refused at once, and its user is back at once."),
		(select(finished("kafka")) | "**Pooling** buys that a call waits for a connection instead of "
			+ "being refused: \(errors("pool")) % errors instead of \(errors("http")) %. **Batching** "
			+ "buys that nobody waits for a connection: p50 \(p50("group")) instead of \(p50("pool")). "
			+ "**Only the queue** buys that the answer does not wait for the coupon: it came "
			+ "\(.["kafka-coupons"].behind_ms | milliseconds) later for the last 1 %, and nobody would "
			+ "have noticed if the issuer had been away meanwhile (see lab-bulk)."),
		"The original lab's Spring services have pools of connections, too. That 68.06 % of its calls "
		+ "failed has to do with its machines: see \"pools\" here.",
		"Issued, but not told: the coupon is there, but its user was told that it failed and will ask "
		+ "for another. Each such call is one that a synchronous chain cannot get right.",
		"That nobody is refused with Kafka is not Kafka's merit alone. The original lab's servers still "
		+ "needed a connection for each call, and refused 37.49 %; order-service writes all orders "
		+ "that wait as one transaction, over one connection.",
		(select(finished("kafka"))
		| "With Kafka the answer promises the coupon: 99 % were issued within "
			+ "\(.["kafka-coupons"].behind_ms | milliseconds) of their order.")
	]
}
