# The board's queries as recording rules, so that promtool can read them.
{ groups: [{ name: "board", rules: [
	[.panels[].targets[]?.expr, .annotations.list[].expr][]
	| gsub("\\$__(rate_interval|range)"; "1m")] | to_entries
	| map({ record: "board:query:\(.key)", expr: .value }) }] }
