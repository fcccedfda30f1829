include "table"; include "result";
. as $in | .settings as $s
| def calls($name): $in[$name] | .answered + .errors + .timed_out;
  def rate($name): calls($name) * 1000 / ([$in[$name].took_ms, 1] | max);
  def share($name): 100 * (1 - $in[$name].answered / calls($name));
  def row($name; $text): select($in | finished($name)) | { generator: $text,
	answered: ($in[$name].answered | grouped), errors: ($in[$name].errors | grouped),
	late: ($in[$name].timed_out | grouped), share: (share($name) | fixed(1) + " %"),
	rate: (rate($name) | round | grouped), p50: ($in[$name].answered_ms.p50 | milliseconds),
	cpu: ($in["\($name)-cpu"].all | percent) };

.run + {
	title: "JMeter beside the load generator",
	columns: [
		{ key: "generator", heading: "\($s.plan), \(way_names[$s.way]): \($s.calls | grouped) calls" },
		{ key: "answered", heading: "answered" },
		{ key: "errors", heading: "errors" },
		{ key: "late", heading: "timed out" },
		{ key: "share", heading: "not answered" },
		{ key: "rate", heading: "calls/s" },
		{ key: "p50", heading: "answered: p50" },
		{ key: "cpu", heading: "CPU, mean" }
	],
	rows: [row("load"; "build/load"), row("jmeter"; "JMeter 5.6.3")],
	promises: [
		select(finished("jmeter")) | (rate("jmeter") / rate("load") - 1 | fabs) as $rate
		| { met: ($rate <= 0.1),
			text: "calls a second agree within 10 %: they are \(100 * $rate | fixed(1)) % apart" },
		(share("jmeter") - share("load") | fabs) as $share
		| { met: ($share <= ([10 * share("load") / 100, 1] | max)),
			text: ("what is not answered agrees within 10 %: \(share("load") | fixed(1)) % and "
				+ "\(share("jmeter") | fixed(1)) %") }
	],
	notes: [
		"The services have one half of the processors, and who calls them the other: JMeter needs one "
		+ "for a thousand calls a second."
	]
}
